package policy_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/policytest"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestAWrongAnnotationCostsTheProbesThatItCouldHaveMeant(t *testing.T) {
	rows, err := policytest.ReadWrongAnnotations(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 60 {
		t.Fatalf("%d rows, at least 60 are promised", len(rows))
	}
	engine := policy.Default("v0.0.0")
	seen := map[string]bool{}
	for _, row := range rows {
		if seen[row.Name] {
			t.Errorf("two rows are named %q", row.Name)
		}
		seen[row.Name] = true
		t.Run(row.Name, func(t *testing.T) {
			var pod workload.Pod
			if err := yaml.Unmarshal(row.Manifest, &pod); err != nil {
				t.Fatal(err)
			}
			d := engine.Decide(policy.Subject{Pod: &pod})
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
	if d.Status == "" || len(d.Status) > statusline.MaxLength {
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
