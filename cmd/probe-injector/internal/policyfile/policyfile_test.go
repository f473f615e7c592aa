package policyfile

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

const version = "v0.1.0"

func TestForms(t *testing.T) {
	const policyText = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec:\n  rules: [{name: all}]\n"
	indented := "    " + strings.ReplaceAll(strings.TrimSuffix(policyText, "\n"), "\n", "\n    ") + "\n"
	cases := map[string]struct {
		file     string
		place    string
		groups   []string
		register Registration
	}{
		"the policy itself": {
			file: policyText, groups: []string{"all"},
		},
		"a ConfigMap with the chart's key": {
			file:   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pi}\ndata:\n  other: x\n  policy.yaml: |\n" + indented,
			place:  "ConfigMap pi, data[policy.yaml]",
			groups: []string{"all"},
		},
		"a ConfigMap with only one key": {
			file:   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pi}\ndata:\n  mine: |\n" + indented,
			place:  "ConfigMap pi, data[mine]",
			groups: []string{"all"},
		},
		"what helm template prints": {
			file: "apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: pi}\ndata:\n  policy.yaml: |\n" +
				indented + "---\n# nothing\n",
			place:  "ConfigMap pi, data[policy.yaml]",
			groups: []string{"all"},
		},
		"values keep the chart's rules unless they bring their own": {
			file: "policy: {mode: Audit}\n", place: "policy", groups: []string{"labelled-namespaces"},
		},
		"values replace lists as a whole": {
			file: "policy: {rules: [{name: all}]}\n", place: "policy", groups: []string{"all"},
		},
		"null in values takes a default away": {
			file: "policy: {rules: null}\n", place: "policy", groups: []string{},
		},
		"values that leave the policy to the chart": {
			file: "policy:\n", place: "policy", groups: []string{"labelled-namespaces"},
		},
		"values without a policy leave it to the chart, too": {
			file:     "excludedNamespaces: [legacy]\n",
			place:    "policy",
			groups:   []string{"labelled-namespaces"},
			register: Registration{ExcludedNamespaces: []string{"legacy"}},
		},
		"values say which Pods reach the webhook": {
			file:     "policy: {rules: []}\nexcludedNamespaces: [legacy]\nwebhook: {requireLabel: true}\n",
			place:    "policy",
			groups:   []string{},
			register: Registration{ExcludedNamespaces: []string{"legacy"}, RequireLabel: true},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Read([]byte(c.file), version)
			if err != nil {
				t.Fatal(err)
			}
			if got.Place != c.place {
				t.Errorf("place is %q, want %q", got.Place, c.place)
			}
			if diff := cmp.Diff(c.groups, got.Policy.Groups()); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.register, got.Registration); diff != "" {
				t.Errorf("registration (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMistakesNameTheirPlace(t *testing.T) {
	const head = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\n"
	cases := map[string]struct {
		file string
		want []string
	}{
		"all mistakes of a policy at once": {
			file: head + "spec: {mode: inject, style: fast}\n",
			want: []string{"spec.mode: Unsupported value", "spec.style: Unsupported value"},
		},
		"and those of another kind beside an unknown member": {
			file: head + "spec: {rulez: [], mode: inject, rules: [{name: a, probes: [readiness], profil: x, profile: none}]}\n",
			want: []string{
				`unknown field "spec.rulez"`, `unknown field "spec.rules[0].profil"`, "spec.mode: Unsupported value", "spec.rules[0].profile: Not found",
			},
		},
		"the same in values": {
			file: "policy: {rulez: [], mode: inject, maxStartupBudget: soon, profiles: [{name: Payments_Team, class: slow, readiness: {handler: \"http:8080\", periodSeconds: \"5\"}}]}\n",
			want: []string{
				`unknown field "policy.rulez"`, "policy.mode: Unsupported value", "policy.profiles[0].name: Invalid value", "policy.profiles[0].class: Unsupported",
				"policy.profiles[0].readiness.handler: Invalid value", "policy.profiles[0].readiness.periodSeconds: is a text", "policy.maxStartupBudget: Invalid value",
			},
		},
		"an unknown member of a policy": {
			file: head + "spec: {rulez: []}\n",
			want: []string{`unknown field "spec.rulez"`},
		},
		"a mistake in a ConfigMap": {
			file: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pi}\ndata:\n  policy.yaml: |\n    " +
				strings.ReplaceAll(head, "\n", "\n    ") + "spec: {mode: inject}\n",
			want: []string{"ConfigMap pi, data[policy.yaml]: spec.mode: Unsupported value"},
		},
		"a mistake in values": {
			file: "policy: {mode: inject}\n",
			want: []string{"policy.mode: Unsupported value"},
		},
		"an unknown member in values": {
			file: "policy: {rulez: []}\n",
			want: []string{`unknown field "policy.rulez"`},
		},
		"values whose policy is no mapping": {file: "policy: Inject\n", want: []string{"policy: must be a mapping"}},
		"values that exclude one namespace": {file: "policy: {}\nexcludedNamespaces: legacy\n", want: []string{"excludedNamespaces must be a list"}},
		"a ConfigMap without an entry":      {file: "kind: ConfigMap\nmetadata: {name: pi}\n", want: []string{"ConfigMap pi is empty"}},
		"a ConfigMap with other entries":    {file: "kind: ConfigMap\nmetadata: {name: pi}\ndata: {a: x, b: y}\n", want: []string{"no data[policy.yaml], only a, b"}},
		"another kind":                      {file: "apiVersion: v1\nkind: Pod\n", want: []string{`must be probe-injector.dev/v1alpha1 ProbePolicy, not "v1" "Pod"`}},
		"two policies":                      {file: head + "---\n" + head, want: []string{"exactly one must be a ProbePolicy", "not 2"}},
		"values with one member twice":      {file: "policy: {}\npolicy: {}\n", want: []string{"already set"}},
		"the spec alone":                    {file: "mode: Inject\n", want: []string{"no policy here"}},
		"nothing":                           {file: "", want: []string{"no policy here"}},
		"no YAML":                           {file: "\tx", want: []string{"not a YAML mapping"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Read([]byte(c.file), version)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

func TestDefaultIsTheCharts(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "charts", "probe-injector", "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values, own map[string]any
	if err := yaml.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(chartDefault), &own); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(values[valuesField], own[specField]); diff != "" {
		t.Errorf("the chart's policy (-) is not ours (+):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(values)), slices.Sorted(slices.Values(chartValues))); diff != "" {
		t.Errorf("the chart's values (-) are not those that are known here (+):\n%s", diff)
	}
	if _, err := Default(version); err != nil {
		t.Error(err)
	}
}
