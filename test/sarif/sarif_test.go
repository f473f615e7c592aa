package sarif

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/xeipuuv/gojsonschema"
)

// root is the folder of the repository.
const root = "../.."

// buildCLI builds the program that users run.
func buildCLI(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "probe-injector")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd/probe-injector")
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return path
}

// schema is that of the standard, which the library carries as a constant that it does not export.
func schema(t *testing.T) *gojsonschema.Schema {
	t.Helper()
	folder, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(folder)), "schema.go"), nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING && len(literal.Value) > len(text) {
			text = literal.Value
		}
		return true
	})
	if text, err = strconv.Unquote(text); err != nil || !strings.Contains(text, "Version 2.1.0 JSON Schema") {
		t.Fatalf("this is no schema: %.100q, %v", text, err)
	}
	compiled, err := gojsonschema.NewSchema(gojsonschema.NewStringLoader(text))
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// problems are what is wrong with a log, by the schema.
func problems(t *testing.T, schema *gojsonschema.Schema, log []byte) []string {
	t.Helper()
	result, err := schema.Validate(gojsonschema.NewBytesLoader(log))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, each := range result.Errors() {
		all = append(all, each.String())
	}
	return all
}

func TestLintWritesSARIF(t *testing.T) {
	cli, judge := buildCLI(t), schema(t)
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("kind: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const template = "---\n# Source: shop/templates/web pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: web, annotations: {probe-injector.dev/inject: \"yes\"}}\nspec: {containers: [{name: a}]}\n"
	for name, row := range map[string]struct {
		args    []string
		stdin   string
		code    int
		results int
	}{
		"every mistake of the examples":  {[]string{"-f", "examples/mistakes"}, "", 1, 8},
		"with notes":                     {[]string{"-f", "examples/mistakes", "--notes"}, "", 1, 9},
		"nothing was found":              {[]string{"-f", "examples/annotations/http.yaml"}, "", 0, 0},
		"something could not be read":    {[]string{"-f", "examples/mistakes", "-f", broken}, "", 2, 8},
		"the template of a chart":        {[]string{"-f", "-"}, template, 1, 1},
		"what the API server would send": {[]string{"-f", "cmd/probe-injector/testdata/explain", "-R"}, "", 2, -1},
	} {
		t.Run(name, func(t *testing.T) {
			command := exec.CommandContext(t.Context(), cli, append([]string{"lint", "-o", "sarif"}, row.args...)...)
			command.Dir, command.Stdin = root, strings.NewReader(row.stdin)
			log, err := command.Output()
			exited, _ := errors.AsType[*exec.ExitError](err)
			if code := command.ProcessState.ExitCode(); code != row.code || (exited == nil) != (code == 0) {
				t.Fatalf("code %d, %v", code, err)
			}
			for _, problem := range problems(t, judge, log) {
				t.Error(problem)
			}
			report, err := sarif.FromBytes(log)
			if err != nil {
				t.Fatal(err)
			}
			if err := report.Validate(); err != nil {
				t.Error(err)
			}
			results := report.Runs[0].Results
			if row.results >= 0 && len(results) != row.results {
				t.Errorf("%d results, want %d", len(results), row.results)
			}
			checkResults(t, results)
		})
	}
}

// checkResults demands what code scanning needs of each result.
func checkResults(t *testing.T, results []*sarif.Result) {
	t.Helper()
	for _, r := range results {
		at := r.Locations[0].PhysicalLocation
		if uri := *at.ArtifactLocation.URI; strings.HasPrefix(uri, "/") || strings.Contains(uri, ":") || strings.Contains(uri, " ") {
			t.Errorf("%q is not relative", uri)
		}
		if at.Region.StartLine == nil || *at.Region.StartLine < 1 || r.RuleID == nil || r.RuleIndex < 0 || len(r.PartialFingerprints) != 1 {
			t.Errorf("%+v lacks something", r)
		}
	}
}

func TestTheJudgeFindsWhatIsWrong(t *testing.T) {
	judge := schema(t)
	for _, wrong := range []string{
		`{"version":"2.1.0"}`, `{"version":"2.0.0","runs":[]}`,
		`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"message":{"text":"x"},"level":"bad"}]}]}`,
		`{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"message":{"text":"x"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"x"},"region":{"startLine":0}}}]}]}]}`,
	} {
		if len(problems(t, judge, []byte(wrong))) == 0 {
			t.Errorf("nothing is wrong with %s", bytes.TrimSpace([]byte(wrong)))
		}
	}
}
