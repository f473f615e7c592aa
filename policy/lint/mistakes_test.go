package lint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// mistakesFolder holds manifests that people learn from.
const mistakesFolder = "../../examples/mistakes"

// expectation is a row of expected.yaml.
type expectation struct {
	Container string        `json:"container"`
	Probe     probe.Kind    `json:"probe"`
	Rule      lint.ID       `json:"rule"`
	Severity  lint.Severity `json:"severity"`
}

func TestTheExamplesOfMistakesAreFound(t *testing.T) {
	expected := map[string][]expectation{}
	decode(t, "expected.yaml", &expected)
	readme, err := os.ReadFile(filepath.Join(mistakesFolder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range expected {
		t.Run(file, func(t *testing.T) {
			var got []expectation
			for _, c := range containersOf(t, file) {
				for _, f := range lint.New(lint.Info).Check(ownedBy("ReplicaSet"), c) {
					got = append(got, expectation{c.Name, f.Kind, f.Rule, f.Severity})
					row := "| " + string(f.Rule) + " | " + string(f.Severity) + " | " + strings.ReplaceAll(f.Message, "|", `\|`) + " |"
					if !strings.Contains(string(readme), row) {
						t.Errorf("README.md lacks %q", row)
					}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(mistakesFolder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, ok := expected[filepath.Base(file)]; !ok && filepath.Base(file) != "expected.yaml" {
			t.Errorf("expected.yaml says nothing about %s", file)
		}
	}
	if len(files) != len(expected)+1 || len(expected) != 5 {
		t.Errorf("%d files for %d expectations, want five mistakes", len(files), len(expected))
	}
}

// containersOf are those of a Deployment in the folder.
func containersOf(t *testing.T, file string) []*lint.Container {
	t.Helper()
	var deployment appsv1.Deployment
	decode(t, file, &deployment)
	var containers []*lint.Container
	for i := range deployment.Spec.Template.Spec.Containers {
		containers = append(containers, containerOf(&deployment.Spec.Template.Spec.Containers[i], lint.Regular))
	}
	return containers
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(mistakesFolder, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(content, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
