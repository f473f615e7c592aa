package policy_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
)

// wrongRow is one row of testdata/wrong-annotations.yaml.
type wrongRow struct {
	Name        string            `json:"name"`
	Pod         string            `json:"pod"`
	Annotations map[string]string `json:"annotations"`
	Remains     []string          `json:"remains"`
	Says        string            `json:"says"`
	Warns       string            `json:"warns"`
}

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		t.Fatal(err)
	}
}

// readPods reads the Pods of a stream by their names. The engine's view takes only what it knows.
func readPods(t *testing.T, name string) map[string][]byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	pods := map[string][]byte{}
	for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
		var pod policy.Pod
		if err := yaml.Unmarshal(document, &pod); err != nil {
			t.Fatal(err)
		}
		pods[pod.Metadata.Name] = document
	}
	return pods
}

func podOf(t *testing.T, document []byte, annotations map[string]string) *policy.Pod {
	t.Helper()
	var pod policy.Pod
	if err := yaml.Unmarshal(document, &pod); err != nil {
		t.Fatal(err)
	}
	if pod.Metadata.Annotations == nil {
		pod.Metadata.Annotations = map[string]string{}
	}
	for key, value := range annotations {
		pod.Metadata.Annotations[strings.Replace(key, "P/", annotation.Domain+"/", 1)] = value
	}
	return &pod
}

func TestAWrongAnnotationCostsTheProbesThatItCouldHaveMeant(t *testing.T) {
	var table struct {
		Rows []wrongRow `json:"rows"`
	}
	readYAML(t, "wrong-annotations.yaml", &table)
	if len(table.Rows) < 60 {
		t.Fatalf("%d rows, at least 60 are promised", len(table.Rows))
	}
	pods := readPods(t, "wrong-annotations-pods.yaml")
	engine := policy.Default("v0.0.0")
	seen := map[string]bool{}
	for _, row := range table.Rows {
		if seen[row.Name] {
			t.Errorf("two rows are named %q", row.Name)
		}
		seen[row.Name] = true
		t.Run(row.Name, func(t *testing.T) {
			document, ok := pods[orElse(row.Pod, "single")]
			if !ok {
				t.Fatalf("no Pod %q", row.Pod)
			}
			d := engine.Decide(policy.Subject{Pod: podOf(t, document, row.Annotations)})
			if got := injected(d); !slices.Equal(got, row.Remains) && len(got)+len(row.Remains) > 0 {
				t.Errorf("remains %v, want %v", got, row.Remains)
			}
			if row.Says != "" && (len(d.Errors) == 0 || !strings.Contains(d.Errors[0].Error(), row.Says)) {
				t.Errorf("the first error of %v does not say %q", d.Errors, row.Says)
			}
			if row.Says == "" && len(d.Errors) > 0 {
				t.Errorf("unexpected errors %v", d.Errors)
			}
			if row.Warns != "" && !strings.Contains(strings.Join(d.Warnings, "\n"), row.Warns) {
				t.Errorf("warnings %q do not say %q", d.Warnings, row.Warns)
			}
			expectAnswer(t, d)
		})
	}
}

// expectAnswer holds what is true of every Pod that asked, in whatever words.
func expectAnswer(t *testing.T, d policy.Decision) {
	t.Helper()
	if d.Status == "" || len(d.Status) > policy.MaxStatusLength {
		t.Errorf("status %q", d.Status)
	}
	if len(d.Warnings) == 0 || len(d.Warnings) > policy.MaxWarnings {
		t.Errorf("%d warnings: %q", len(d.Warnings), d.Warnings)
	}
	for _, warning := range d.Warnings {
		if len(warning) > policy.MaxWarningLength || strings.HasSuffix(warning, "...") {
			t.Errorf("a warning of %d characters: %q", len(warning), warning)
		}
	}
}

// injected lists container/probe, sorted.
func injected(d policy.Decision) []string {
	var names []string
	for _, in := range d.Injections {
		names = append(names, in.Container.Name+"/"+string(in.Kind))
	}
	slices.Sort(names)
	return names
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
