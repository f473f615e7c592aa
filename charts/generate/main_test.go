package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	chart := filepath.Join("..", "probe-injector")
	if err := run([]string{"-check", "-chart", chart}, &strings.Builder{}); err != nil {
		t.Error(err)
	}
}

func TestCheckNamesWhatIsOutOfDateAndWritesNothing(t *testing.T) {
	chart := t.TempDir()
	files := map[string]string{
		"values.yaml": chartValues(t),
		"README.md":   tablesBegin + "\n" + tablesEnd,
	}
	if err := os.Mkdir(filepath.Join(chart, "templates"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(chart, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	err := run([]string{"-check", "-chart", chart}, &strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "values.schema.json, README.md, templates/_defaults.tpl, templates/_known.tpl") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(filepath.Join(chart, "values.schema.json")); err == nil {
		t.Error("it wrote the schema")
	}
	if err := run([]string{"-chart", chart}, &strings.Builder{}); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-check", "-chart", chart}, &strings.Builder{}); err != nil {
		t.Errorf("after writing: %v", err)
	}
}

func TestMistakesInValuesAreFound(t *testing.T) {
	cases := map[string]struct{ values, want string }{
		"a value that nothing explains": {chartValues(t) + "\nunexplained: 1\n", "unexplained needs a comment"},
		"a list that nothing limits":    {chartValues(t) + "\n# Some.\nmore: []\n", "more: limits.go must say"},
		"a limit for what is no value":  {"# One.\none: 1\n", "limits for what is no value"},
		"no mapping":                    {"[]", "must be one mapping"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			values, err := parseValues([]byte(c.values))
			if err == nil {
				_, err = schemaFile(values, nil)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

func TestEveryObjectOfOursIsClosed(t *testing.T) {
	values, err := parseValues([]byte(chartValues(t)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := schemaFile(values, nil)
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	closed := 0
	walk(root, func(s map[string]any) {
		if _, ok := s["properties"]; ok {
			closed++
			if s["additionalProperties"] != false {
				t.Errorf("additionalProperties is not false in %v", s)
			}
		}
	})
	if closed < 20 {
		t.Errorf("only %d objects have properties", closed)
	}
}

// walk visits every schema below one but for conditions, which only add to what the object they are of says.
func walk(s map[string]any, visit func(map[string]any)) {
	visit(s)
	for key, below := range s {
		if key == "if" || key == "then" || key == "else" {
			continue
		}
		switch below := below.(type) {
		case map[string]any:
			walk(below, visit)
		case []any:
			for _, one := range below {
				if one, ok := one.(map[string]any); ok {
					walk(one, visit)
				}
			}
		}
	}
}

func TestTablesHaveDefaultsAndComments(t *testing.T) {
	const text = "##@ First\n\n# What a does, in\n# two lines.\na: 1\nb:\n  # What c does: x|y.\n  c: [z]\n##@ Second\n# What affinity does.\naffinity:\n  d: 1\n"
	values, err := parseValues([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := readmeFile(values, []byte("before\n"+tablesBegin+"\nold\n"+tablesEnd+"\nafter\n"))
	if err != nil {
		t.Fatal(err)
	}
	const head = "| value | default | meaning |\n|---|---|---|\n"
	want := "before\n" + tablesBegin + "\n" +
		"\n### First\n\n" + head + "| `a` | `1` | What a does, in two lines. |\n| `b.c` | `[\"z\"]` | What c does: x\\|y. |\n" +
		"\n### Second\n\n" + head + "| `affinity` | `{\"d\":1}` | What affinity does. |\n" +
		"\n" + tablesEnd + "\nafter\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// chartValues is the chart's values.yaml.
func chartValues(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "probe-injector", "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestAbsentValuesAreTheirDefaultsOrEmpty(t *testing.T) {
	const text = "# A.\na: {b: 1, c: false, d: [1]}\n# Resources.\nresources: {limits: {memory: 1Gi}}\n" +
		"# Probes.\nvalidatingAdmissionPolicy: {probes: [readiness]}\n"
	values, err := parseValues([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(fallbacks(values))
	const want = `{"a":{"b":1,"c":false,"d":[]},"resources":{},"validatingAdmissionPolicy":{"probes":["readiness"]}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s (%v), want %s", got, err, want)
	}
}
