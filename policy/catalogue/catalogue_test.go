package catalogue_test

import (
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// written is the catalogue as people wrote it.
func written(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	text, err := os.ReadFile("catalogue.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalogue.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatIsBuiltInIsWhatPeopleWrote(t *testing.T) {
	builtIn, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(written(t), builtIn); diff != "" {
		t.Errorf("run go run ./docs/generate (-catalogue.yaml +catalogue.json):\n%s", diff)
	}
}

// Figures that contradict each other would end the webhook when it starts.
func TestAPolicyWithTheWholeCatalogueCanBePrepared(t *testing.T) {
	engine := policy.Default("v0.0.0")
	names := written(t).Names()
	slices.Sort(names)
	if diff := cmp.Diff(names, engine.ProfileNames()); diff != "" {
		t.Errorf("names (-catalogue +policy):\n%s", diff)
	}
}

const (
	good   = `{name: a, summary: b, risk: c, source: "https://d.example", settled: f, readiness: {handler: /e}}`
	groups = "\ngroups: [{title: A, first: a}]\n"
)

func TestMistakesAreRefusedWithTheirPlace(t *testing.T) {
	rows := map[string]struct{ text, want string }{
		"nothing to refuse":               {"profiles: [" + good + "]" + groups, ""},
		"no YAML":                         {"profiles: [", "not YAML"},
		"an unknown member":               {"profiles: [" + strings.Replace(good, "name:", "nam: x, name:", 1) + "]", `unknown field "profiles[0].nam"`},
		"an unknown member above":         {"profile: []", `unknown field "profile"`},
		"a member twice":                  {"profiles: [" + strings.Replace(good, "name:", "name: x, name:", 1) + "]", `key "name" already set`},
		"a name twice":                    {"profiles: [" + good + ", " + good + "]" + groups, `profiles[1].name: Duplicate value: "a"`},
		"a name that is no label":         {"profiles: [" + strings.Replace(good, "name: a", "name: A_1", 1) + "]", "profiles[0].name: Invalid value"},
		"no summary":                      {"profiles: [" + strings.Replace(good, "summary: b, ", "", 1) + "]", "profiles[0].summary: Required value: profile a must say it"},
		"no risk":                         {"profiles: [" + strings.Replace(good, "risk: c, ", "", 1) + "]", "profiles[0].risk: Required value"},
		"no source":                       {"profiles: [" + strings.Replace(good, `source: "https://d.example", `, "", 1) + "]", "profiles[0].source: Required value"},
		"an unknown class":                {"profiles: [" + strings.Replace(good, "risk:", "class: slow, risk:", 1) + "]", `profiles[0].class: Unsupported value: "slow"`},
		"a path that anything could move": {"profiles: [" + strings.Replace(good, "settled: f, ", "", 1) + "]", "profiles[0].settings: Required value"},
		"an effect that is none":          {"profiles: [" + strings.Replace(good, "settled: f", "settings: [{arg: --a, does: Moves}]", 1) + "]", `profiles[0].settings[0].does: Unsupported value: "Moves"`},
		"settings and none":               {"profiles: [" + strings.Replace(good, "settled: f", "settled: f, settings: [{arg: --a, does: TLS}]", 1) + "]", "profiles[0].settled: Forbidden"},
		"the value of any argument":       {"profiles: [" + strings.Replace(good, "settled: f", "settings: [{arg: \"-*\", does: Prefix}]", 1) + "]", "profiles[0].settings[0].arg: Invalid value"},
		"a port alone":                    {"profiles: [" + strings.Replace(good, "risk:", "detect: [{ports: [80]}], risk:", 1) + "]", "profiles[0].detect[0]: Required value"},
		"a wrong handler":                 {"profiles: [" + strings.Replace(good, "/e", "e", 1) + "]", "profiles[0].readiness.handler: Invalid value"},
		"a group of nobody":               {"profiles: [" + good + "]\ngroups: [{title: A, first: b}]", `groups[0].first: Not found: "b"`},
		"a group twice":                   {"profiles: [" + good + "]\ngroups: [{title: A, first: a}, {title: B, first: a}]", "groups[1].first: Invalid value"},
		"a mark for nobody":               {"profiles: [" + good + "]" + groups + "verified: [b]", `verified[0]: Not found: "b"`},
		"a hint of no class":              {"classHints: [{class: slow, images: [a]}]", `classHints[0].class: Unsupported value: "slow"`},
		"a hint by nothing":               {"classHints: [{class: jvm}]", "classHints[0]: Required value: env, args or images"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			_, err := catalogue.Parse([]byte(row.text))
			switch {
			case row.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
				t.Errorf("error is %v, want one with %s", err, row.want)
			}
		})
	}
}

func TestAllMistakesAreSaidAtOnce(t *testing.T) {
	_, err := catalogue.Parse([]byte("profiles: [{name: a, readiness: {handler: /e}}]"))
	for _, want := range []string{"profiles[0].summary", "profiles[0].risk", "profiles[0].source"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
}

func TestEachProfileSaysWhatPeopleNeed(t *testing.T) {
	c := written(t)
	for i := range c.Profiles {
		p := &c.Profiles[i]
		t.Run(p.Name, func(t *testing.T) {
			source, err := url.Parse(p.Source)
			if err != nil || source.Scheme != "https" || source.Host == "" {
				t.Errorf("source %q is no https link", p.Source)
			}
			if first, _ := utf8.DecodeRuneInString(p.Risk); unicode.IsUpper(first) && !startsWithName(p) {
				t.Errorf("risk begins with a capital: %s", p.Risk)
			}
			for _, sentence := range []string{p.Summary, p.Risk} {
				if strings.HasSuffix(sentence, ".") || strings.Contains(sentence, ". ") || strings.ContainsAny(sentence, "\n!?;") {
					t.Errorf("more than one sentence, or a full stop: %s", sentence)
				}
			}
		})
	}
}

// startsWithName reports whether the risk begins with a word of the summary: the name of what is meant.
func startsWithName(p *v1alpha1.Profile) bool {
	first, _, _ := strings.Cut(p.Risk, " ")
	return slices.Contains(strings.FieldsFunc(p.Summary, func(r rune) bool { return r == ' ' || r == ',' }), first)
}

// A restart of what holds data is the costliest mistake that a guess can make.
func TestLivenessOfDataStoresWaitsForItsOwnKey(t *testing.T) {
	// Their liveness follows the process and not the data, and their own charts set it.
	followsTheProcess := []string{"prometheus", "nats"}
	c := written(t)
	for i := range c.Profiles {
		p := &c.Profiles[i]
		if p.Class != "database" || slices.Contains(followsTheProcess, p.Name) {
			continue
		}
		if p.Liveness == nil || (p.Liveness.Offer != v1alpha1.Never && !p.Liveness.OwnKey) {
			t.Errorf("%s: liveness must be Never, or OnRequest with ownKey", p.Name)
		}
	}
}

// A probe that nobody named must know its port: a path on the container's only other port restarts it for nothing.
func TestLivenessByAPathKnowsItsPort(t *testing.T) {
	c := written(t)
	for i := range c.Profiles {
		p := &c.Profiles[i]
		if p.Liveness == nil || p.Liveness.Offer != v1alpha1.Offered || !strings.HasPrefix(p.Liveness.Handler, "/") {
			continue
		}
		for j := range p.Detect {
			d := &p.Detect[j]
			if len(d.Ports) == 0 && len(p.Ports) == 0 {
				t.Errorf("%s, detection %d: no port", p.Name, j)
			}
		}
	}
}

func TestEachProfileIsInOneGroup(t *testing.T) {
	c := written(t)
	var names []string
	for i := range c.Groups {
		for _, p := range c.Grouped(i) {
			names = append(names, p.Name)
		}
	}
	if diff := cmp.Diff(c.Names(), names); diff != "" {
		t.Errorf("profiles by group (-catalogue +groups):\n%s", diff)
	}
}
