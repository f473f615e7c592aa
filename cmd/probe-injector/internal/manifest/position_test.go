package manifest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	yamlnode "go.yaml.in/yaml/v3"

	"github.com/probe-injector/probe-injector/policy/shape"
)

func TestPositionsAreThoseOfTheSource(t *testing.T) {
	const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: x}
spec:
  template:
    metadata:
      annotations:
        # why
        "probe-injector.dev/inject": "true"
    spec:
      containers:
      - name: web
        image: x
        livenessProbe: &probe
          httpGet: {port: 80}
      - image: z
        name: log
        readinessProbe: *probe
        <<: {startupProbe: {tcpSocket: {port: 1}}}
`
	indented := "apiVersion: v1\nkind: List\nitems:\n-\n  " + strings.ReplaceAll(strings.TrimSuffix(deployment, "\n"), "\n", "\n  ") + "\n"
	key := []any{"metadata", "annotations", "probe-injector.dev/inject"}
	for name, row := range map[string]struct {
		text  string
		place []any
		want  string
	}{
		"an annotation":                             {deployment, key, "9:9"},
		"a container":                               {deployment, []any{"spec", "containers", 0}, "12:9"},
		"a container that begins otherwise":         {deployment, []any{"spec", "containers", 1}, "16:9"},
		"a probe":                                   {deployment, []any{"spec", "containers", 0, "livenessProbe"}, "14:9"},
		"a member of a probe by its alias":          {deployment, []any{"spec", "containers", 1, "readinessProbe", "httpGet"}, "15:11"},
		"a probe that is merged":                    {deployment, []any{"spec", "containers", 1, "startupProbe"}, "19:14"},
		"what is not there":                         {deployment, []any{"spec", "containers", 0, "readinessProbe"}, "12:9"},
		"the whole Pod":                             {deployment, nil, "5:3"},
		"with a byte order mark":                    {"\ufeff" + deployment, key, "9:9"},
		"with CR LF":                                {strings.ReplaceAll(deployment, "\n", "\r\n"), key, "9:9"},
		"in a later document":                       {"a: b\n---\n# c\n---\n" + deployment, key, "13:9"},
		"in a List":                                 {indented, key, "13:11"},
		"in a List, a container":                    {indented, []any{"spec", "containers", 1}, "20:11"},
		"in JSON":                                   {"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\n\t\"spec\":{\"containers\":[ {\"name\":\"a\"}]}}", []any{"spec", "containers", 0}, "2:25"},
		"in the second of two JSON texts on a line": {"{\"kind\":\"A\"} {\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"spec\":{\"containers\":[]}}", []any{"spec", "containers"}, "1:54"},
		"behind letters of several bytes":           {"{kind: Pod, apiVersion: v1, x: \"grüße\", spec: {containers: [{name: a}]}}", []any{"spec", "containers", 0}, "1:61"},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := read(t, strings.Replace(row.text, "a: b\n", "kind: B\n", 1))
			if err != nil || len(in.Workloads) != 1 {
				t.Fatalf("%d workloads, error %v", len(in.Workloads), err)
			}
			w := &in.Workloads[0]
			if got := w.PositionInPod(row.place...).String(); got != "standard input:"+row.want {
				t.Errorf("at %s, want %s", got, row.want)
			}
		})
	}
}

func TestDocumentsStandWhereTheySay(t *testing.T) {
	for _, text := range []string{
		"", "a: b\n", "a: b", "---\n", "# x\n---\nkind: A\n---\n\n--- {kind: B}\n", "\ufeffkind: A\n---\n\ufeffkind: B\n",
		"%YAML 1.1\n---\nkind: A\r\n---\r\nkind: B\r\n...\n", "{\"kind\":\"A\"}\n  {\"kind\":\t\"B\"}\n",
	} {
		s := Source{Text: []byte(text)}
		s.split()
		for _, d := range s.Documents {
			there := strings.NewReplacer("---", "   ", "\t", " ").Replace(text[d.Start:d.End])
			if got := strings.TrimLeft(string(d.Text), " "); got != strings.TrimLeft(there, " ") {
				t.Errorf("%q: document %q stands where %q is", text, d.Text, there)
			}
			if line := 1 + strings.Count(text[:d.Start], "\n"); line != d.Line {
				t.Errorf("%q: document %q begins on line %d, not %d", text, d.Text, line, d.Line)
			}
		}
	}
}

func TestHelmNamesItsTemplates(t *testing.T) {
	in, err := read(t, "---\n# Source: shop/templates/web.yaml\n"+podNamed("a")+"---\n"+podNamed("b")+"# Source: no.yaml\n---\r\n# Source: shop/templates/c d.yaml\r\n"+podNamed("c"))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"shop/templates/web.yaml", "", "shop/templates/c d.yaml"} {
		if at := in.Workloads[i].PositionInPod(); at.Template != want {
			t.Errorf("template %q, want %q", at.Template, want)
		}
	}
}

// Whatever a document looks like, what stands at the position of a place is the key or the beginning of the value.
func TestEveryPositionLeadsBack(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		value := randomValue(random, 3)
		root := map[string]any{"apiVersion": "v1", "kind": "Thing", "z": value}
		text, err := yamlnode.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		prefix := strings.Repeat("# a comment\n", random.IntN(4)) + "---\n"
		s := Source{Name: "in", Text: []byte(prefix + string(text))}
		s.split()
		d := s.Documents[len(s.Documents)-1]
		if _, errs := d.objects(&values{}); len(errs) > 0 {
			t.Fatal(errs)
		}
		lines := strings.Split(string(s.Text), "\n")
		walk(root, nil, func(place shape.Place, value any) {
			at := d.Position(place)
			rest := string([]rune(lines[at.Line-1])[at.Column-1:])
			want := fmt.Sprint(place[len(place)-1]) + ":"
			if _, inList := place[len(place)-1].(int); inList {
				want = ""
				if text, isText := value.(string); isText {
					want = text
				}
			}
			if !strings.HasPrefix(strings.Trim(rest, `"`), want) {
				t.Errorf("seed %d: %s is at %s, where %q stands:\n%s", seed, place.Path(), at, rest, s.Text)
			}
		})
	}
}

// walk visits everything in a document but the document itself.
func walk(value any, here shape.Place, visit func(shape.Place, any)) {
	switch value := value.(type) {
	case map[string]any:
		for name, below := range value {
			visit(here.With(name), below)
			walk(below, here.With(name), visit)
		}
	case []any:
		for i, below := range value {
			visit(here.With(i), below)
			walk(below, here.With(i), visit)
		}
	}
}

func randomValue(random *rand.Rand, depth int) any {
	switch kind := random.IntN(5); {
	case depth > 0 && kind < 2:
		members := map[string]any{}
		for range 1 + random.IntN(3) {
			members[fmt.Sprintf("m%d", random.IntN(100))] = randomValue(random, depth-1)
		}
		return members
	case depth > 0 && kind == 2:
		var list []any
		for range 1 + random.IntN(3) {
			list = append(list, randomValue(random, depth-1))
		}
		return list
	case kind == 3:
		return "ü" + strconv.Itoa(random.IntN(9))
	default:
		return "x"
	}
}
