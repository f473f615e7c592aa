package splice

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/shape"
)

// probe is one with texts that need quotes, and one of several lines.
var probe = &corev1.Probe{
	ProbeHandler:   corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"sh", "-c", "yes", "no: 1", "0x10", "a\n  b\n"}}},
	TimeoutSeconds: 2, FailureThreshold: 3,
}

var httpProbe = &corev1.Probe{
	ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/readyz", Port: intstr.FromInt32(8080), Scheme: "HTTP"}},
	PeriodSeconds: 10,
}

// everywhere adds two probes to every container of a document that has none, and takes away all annotations of ours.
func everywhere(document any) Change {
	var change Change
	var search func(value any, here shape.Place)
	search = func(value any, here shape.Place) {
		switch value := value.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				below, place := value[name], here.With(name)
				if members, isMap := below.(map[string]any); isMap && name == "annotations" {
					for _, key := range slices.Sorted(maps.Keys(members)) {
						if annotation.IsOurs(key) {
							change.Remove = append(change.Remove, place.With(key))
						}
					}
				}
				if list, isList := below.([]any); isList && name == "containers" {
					change.Add = append(change.Add, toEach(list, place)...)
				}
				search(below, place)
			}
		case []any:
			for i := range value {
				search(value[i], here.With(i))
			}
		}
	}
	search(document, nil)
	return change
}

func toEach(containers []any, place shape.Place) []Member {
	var members []Member
	for i, container := range containers {
		for _, name := range []string{"livenessProbe", "readinessProbe"} {
			value := map[string]*corev1.Probe{"livenessProbe": probe, "readinessProbe": httpProbe}[name]
			if c, isMap := container.(map[string]any); isMap && c["name"] != nil && c[name] == nil {
				if _, null := c[name]; !null {
					members = append(members, Member{place.With(i), name, value})
				}
			}
		}
	}
	return members
}

// check applies a change, twice, and holds the result against everything that is promised of it.
func check(t *testing.T, text string) (result string, refused *RefusedError) {
	t.Helper()
	_, body := opened([]byte(text))
	document, err := decode(body)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	change := everywhere(document)
	edits, err := Apply([]byte(text), change)
	if refusal, ok := errors.AsType[*RefusedError](err); ok {
		if lines := strings.Count(text, "\n") + 1; refusal.Line < 1 || refusal.Line > lines {
			t.Errorf("refused on line %d of %d", refusal.Line, lines)
		}
		return "", refusal
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want, err := expected([]byte(text), change)
	if err != nil {
		t.Fatal(err)
	}
	out := ApplyEdits([]byte(text), edits)
	_, body = opened(out)
	got, err := decode(body)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("decodes as %v, %v, want %v", got, err, want)
	}
	checkLines(t, text, string(out))
	if again := everywhere(got); !again.Empty() {
		t.Errorf("a second time would change %+v", again)
	}
	return string(out), nil
}

// checkLines makes sure that all that was taken away are lines of annotations.
func checkLines(t *testing.T, before, after string) {
	t.Helper()
	var rest []string
	// The last line of a file may end, or not.
	for line := range strings.Lines(after) {
		rest = append(rest, strings.TrimRight(line, "\r\n"))
	}
	inAnnotation := false
	for line := range strings.Lines(before) {
		line = strings.TrimRight(line, "\r\n")
		at := 0
		// Nothing is added where an annotation was: a blank line that went with it must not be found further down.
		for at < len(rest) && rest[at] != line && !inAnnotation {
			at++
		}
		isAnnotation := strings.Contains(line, annotation.Domain) || strings.HasPrefix(strings.TrimSpace(line), "annotations:")
		switch {
		case at < len(rest) && rest[at] == line:
			rest, inAnnotation = rest[at+1:], false
		case isAnnotation || inAnnotation:
			inAnnotation = true
		default:
			t.Fatalf("the line %q is gone:\n%s", line, after)
		}
	}
}

// lastMembers are what a container may end with.
var lastMembers = map[string]string{
	"a number":                         "stdin: true",
	"nothing":                          "env:",
	"nothing, with a comment":          "env: # none",
	"a tilde":                          "env: ~",
	"quotes":                           `image: "a # b"`,
	"double quotes of several lines":   "image: \"a\n#b \\\"\n  c\"",
	"single quotes of several lines":   "image: 'a\n# it''s\n  c'",
	"quotes with a tag":                `image: !!str "a"`,
	"a text of several lines":          "image: a\n  b\n  c",
	"a tab in a text":                  "image: \"a\tb\"",
	"other scripts":                    "image: \"\u65e5\u672c \U0001f600\" # \u00fc",
	"a line separator in a text":       "image: \"a\u2028b\"",
	"a long text":                      "image: " + strings.Repeat("long ", 60),
	"spaces at the end":                "stdin: true   ",
	"a list":                           "args:\n- a\n- b",
	"a list further in":                "args:\n  - a\n  - b",
	"a list whose dash stands alone":   "env:\n-\n  name: a\n-\n  name: b\n  value: c",
	"a list in a list":                 "args:\n- - a\n  - b",
	"brackets":                         "args: [a, b]",
	"brackets over lines":              "args: [\n  a, # one\n  b,\n]",
	"braces over lines":                "resources: {\n  limits: {cpu: 1}\n\n\n}",
	"a comment at the right":           "args:\n- a # why\n  # and more",
	"a mapping":                        "resources:\n  limits:\n    cpu: 1",
	"literal":                          "args:\n- |\n  a\n  # no comment\n    b",
	"literal without the last break":   "args:\n- |-\n  a\n\n  b\n",
	"literal that keeps blank lines":   "args:\n- |+\n  a\n\n\n",
	"literal with an indent":           "args:\n- |2\n    a\n   b",
	"literal with spaces at its end":   "args:\n- |\n  a\n     \n",
	"literal with a tag":               "image: !!str |\n  a\n  b",
	"literal that is empty":            "image: |",
	"folded":                           "image: >\n  a\n\n  b",
	"folded that keeps blank lines":    "image: >+\n  a\n\n",
	"an anchor that is used elsewhere": "args: &args\n- a\nenv: *args",
}

// whatFollows is what may stand below the container, at a column.
var whatFollows = map[string]func(column int) string{
	"nothing":                    func(int) string { return "" },
	"a blank line":               func(int) string { return "\n\n" },
	"a line of spaces":           func(column int) string { return strings.Repeat(" ", column+1) + "\n" },
	"a comment at the keys":      func(column int) string { return "\n" + pad(column+2) + "# below\n" },
	"a comment at the dashes":    func(column int) string { return pad(column) + "# below\n" },
	"a comment at the left":      func(int) string { return "# below\n" },
	"another container":          func(column int) string { return pad(column) + "- name: last\n" + pad(column) + "  image: x\n" },
	"a comment, then another":    func(column int) string { return "\n" + pad(column) + "# last\n" + pad(column) + "- name: last\n" },
	"a dash alone, then another": func(column int) string { return pad(column) + "- # last\n" + pad(column) + "  name: last\n" },
	"the end of the document":    func(int) string { return "...\n# the end\n" },
	"another member of the Pod":  func(int) string { return "\n  # who\n  serviceAccountName: x # y\n" },
}

func pad(column int) string { return strings.Repeat(" ", column) }

// forms are how the whole may be written.
var forms = map[string]func(text string) string{
	"as it is":             func(text string) string { return text },
	"after a separator":    func(text string) string { return "---\n" + text },
	"after a comment":      func(text string) string { return "# Source: x\n\n--- # y\n" + text },
	"with Windows' breaks": func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") },
	"with Windows' mark":   func(text string) string { return "\ufeff" + text },
	"without a last break": func(text string) string { return strings.TrimRight(text, "\n") },
	"four spaces":          wider,
}

// wider doubles what lines begin with.
func wider(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		rest := strings.TrimLeft(line, " ")
		out.WriteString(strings.Repeat(" ", 2*(len(line)-len(rest))))
		for below, isItem := strings.CutPrefix(rest, "- "); isItem; below, isItem = strings.CutPrefix(rest, "- ") {
			out.WriteString("-   ")
			rest = below
		}
		out.WriteString(rest)
	}
	return out.String()
}

func TestLinesAreAddedToEveryStyle(t *testing.T) {
	cases := 0
	for member, lines := range lastMembers {
		for follows, below := range whatFollows {
			for form, written := range forms {
				for _, column := range []int{2, 4} {
					if column == 4 && form != "as it is" {
						continue
					}
					t.Run(fmt.Sprintf("%s, then %s, %s, list at %d", member, follows, form, column), func(t *testing.T) {
						cases++
						text := written(podWith(lines, below(column), column))
						if form == "after a comment" {
							_, text, _ = strings.Cut(text, "\n\n")
						}
						out, refused := check(t, text)
						if refused != nil {
							t.Fatalf("refused: %v\n%s", refused, text)
						}
						if form == "with Windows' breaks" && strings.Count(out, "\n") != strings.Count(out, "\r\n") {
							t.Errorf("mixed line ends: %q", out)
						}
						if t.Failed() {
							t.Log(text + "\n=>\n" + out)
						}
					})
				}
			}
		}
	}
	if cases < 300 {
		t.Errorf("only %d cases", cases)
	}
}

// podWith is a Pod with annotations of ours and a container that ends with these lines.
func podWith(lines, below string, column int) string {
	var out strings.Builder
	out.WriteString("# a Pod\napiVersion: v1\nkind: Pod # really\nmetadata:\n  name: x\n  annotations:\n    # ours\n    probe-injector.dev/inject: \"true\" # please\n    other: |+\n      a\n\n    app.probe-injector.dev/liveness: >-\n      /livez\n\n    last: 1\nspec:\n  # all of them\n  containers:\n")
	out.WriteString(pad(column) + "- name: app # the app\n" + pad(column+2) + "# what it is\n")
	for line := range strings.Lines(lines) {
		if strings.TrimSpace(line) != "" {
			out.WriteString(pad(column + 2))
		}
		out.WriteString(line)
	}
	out.WriteString("\n" + below)
	return out.String()
}

func TestWhatIsNotWrittenInLinesIsRefused(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\n"
	for name, row := range map[string]struct {
		text string
		line int
		why  string
	}{
		"a container in braces":            {pod + "spec:\n  containers:\n  - {name: a}\n", 5, "flow style"},
		"containers in brackets":           {pod + "spec:\n  containers: [\n    {name: a}]\n", 4, "flow style"},
		"JSON":                             {`{"kind": "Pod", "spec": {"containers": [{"name": "a"}]}}`, 1, "flow style"},
		"JSON that is no YAML":             {`{"kind": "Pod", "note": "\/\ud83d\ude00", "spec": {"containers": [{"name": "a"}]}}`, 1, "escapes"},
		"a container with an anchor":       {pod + "spec:\n  containers:\n  - &a\n    name: a\n", 5, "&a"},
		"a spec with an anchor":            {pod + "spec: &s\n  containers:\n  - name: a\n", 3, "&s"},
		"a container that repeats another": {pod + "x:\n- &a {name: a}\nspec:\n  containers:\n  - *a\n", 7, "*a"},
		"a merge key in the container":     {pod + "x: &a {tty: true}\nspec:\n  containers:\n  - name: a\n    <<: *a\n", 7, "merge key"},
		"a merge key above the container":  {pod + "x: &a\n  containers:\n  - name: a\nspec:\n  <<: *a\n", 7, "merge key"},
		"an annotation among braces":       {pod + "metadata:\n  annotations: {probe-injector.dev/inject: \"true\", x: y}\n", 4, "flow style"},
	} {
		t.Run(name, func(t *testing.T) {
			out, refused := check(t, row.text)
			if refused == nil || refused.Line != row.line || !strings.Contains(refused.Why, row.why) {
				t.Fatalf("%v\n%s", refused, out)
			}
			_, body := opened([]byte(row.text))
			document, err := decode(body)
			if err != nil {
				t.Fatal(err)
			}
			anew, err := Encode([]byte(row.text), everywhere(document))
			if err != nil {
				t.Fatal(err)
			}
			want, err := expected([]byte(row.text), everywhere(document))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := decode(anew); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("written anew it is %s, %v", anew, err)
			}
			if isJSON := bytes.HasPrefix(anew, []byte("{")); isJSON != strings.HasPrefix(row.text, "{") {
				t.Errorf("JSON became YAML, or YAML JSON:\n%s", anew)
			}
		})
	}
}

func TestAnnotationsGoLineByLine(t *testing.T) {
	for name, row := range map[string]struct{ text, want string }{
		"with the mapping that they leave empty": {
			"metadata:\n  annotations:\n    # ours\n    probe-injector.dev/inject: \"true\"\n    a.probe-injector.dev/liveness: /x # y\n  name: x\n",
			"metadata:\n    # ours\n  name: x\n",
		},
		"in braces that they leave empty": {
			"metadata:\n  annotations: {probe-injector.dev/inject: \"true\",\n    probe-injector.dev/liveness: /x}\n  name: x\n",
			"metadata:\n  name: x\n",
		},
		"not the others": {
			"metadata:\n  annotations:\n    a: b\n    probe-injector.dev/inject: |\n      true\n\n      # no comment\n    # a comment\n    c: d\n",
			"metadata:\n  annotations:\n    a: b\n    # a comment\n    c: d\n",
		},
		"what held nothing but them keeps its name": {
			"spec:\n  template:\n    metadata:\n      annotations:\n        \"probe-injector.dev/inject\": 'true'\n    spec: {}\n",
			"spec:\n  template:\n    metadata:\n    spec: {}\n",
		},
		"without an end of the last line": {
			"metadata:\n  annotations:\n    a: b\n    probe-injector.dev/inject: \"true\"",
			"metadata:\n  annotations:\n    a: b\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, refused := check(t, row.text)
			if refused != nil || out != row.want {
				t.Errorf("%v\n%s", refused, out)
			}
		})
	}
}
