package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// mistake is one row of examples/mistakes/expected.yaml.
type mistake struct {
	Container string `json:"container"`
	Probe     string `json:"probe"`
	Rule      string `json:"rule"`
	Severity  string `json:"severity"`
}

func TestExplainFindsTheMistakesOfTheExamples(t *testing.T) {
	folder := filepath.Join(examplesFolder, "mistakes")
	text, err := os.ReadFile(filepath.Join(folder, "expected.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var expected map[string][]mistake
	if err := yaml.UnmarshalStrict(text, &expected); err != nil || len(expected) == 0 {
		t.Fatal(len(expected), err)
	}
	for name, want := range expected {
		t.Run(name, func(t *testing.T) {
			var out, problems bytes.Buffer
			args := []string{"probe-injector", "explain", "-o", "json", "-f", filepath.Join(folder, name)}
			if code := run(args, "v0.1.0", streams{strings.NewReader(""), &out, &problems}); code != int(exit.Fine) {
				t.Fatalf("exit code %d: %s", code, problems.String())
			}
			var report explanation.Report
			if err := json.Unmarshal(out.Bytes(), &report); err != nil {
				t.Fatal(err)
			}
			var got []mistake
			for _, w := range report.Workloads {
				for _, c := range w.Containers {
					for _, f := range c.Findings {
						got = append(got, mistake{c.Name, strings.TrimSuffix(f.Probe, "Probe"), string(f.Rule), string(f.Severity)})
					}
				}
			}
			byRule := func(a, b mistake) int { return strings.Compare(a.Rule, b.Rule) }
			slices.SortFunc(got, byRule)
			slices.SortFunc(want, byRule)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !slices.Contains([]string{string(probe.Startup), string(probe.Liveness), string(probe.Readiness)}, got[0].Probe) {
				t.Errorf("no probe is called %q", got[0].Probe)
			}
		})
	}
}
