package integration

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/probe-injector/probe-injector/policy/policytest"
)

// wrongAnnotations creates the Pod of every row of the engine's table of wrong annotations, and holds the stored Pod
// and what the client hears against the row.
func (i *installed) wrongAnnotations(t *testing.T) {
	rows, err := policytest.ReadWrongAnnotations(os.DirFS("../../policy/testdata"))
	if err != nil {
		t.Fatal(err)
	}
	cli := buildCLI(t)
	for n, row := range rows {
		t.Run(row.Name, func(t *testing.T) {
			manifest := bytes.Replace(row.Manifest, []byte("name: "+row.Pod+"\n"), fmt.Appendf(nil, "name: wrong-%d\n", n), 1)
			created, err := i.create(t.Context(), plain, manifest)
			if err != nil {
				t.Fatal(err)
			}
			if got := probesOf(&created.pod); !slices.Equal(got, row.Remains) && len(got)+len(row.Remains) > 0 {
				t.Errorf("it has %q, not %q", got, row.Remains)
			}
			if created.pod.Annotations[status] == "" {
				t.Error("it has no status")
			}
			for _, want := range []string{row.Says, row.Warns} {
				if !strings.Contains(strings.Join(created.warnings, "\n"), want) {
					t.Errorf("no warning of %q says %q", created.warnings, want)
				}
			}
			expectReadable(t, created.warnings)
			expectFound(t, cli, row.Manifest, created.warnings)
		})
	}
}

// expectReadable holds warnings against what the API server passes on as it is, and people read.
func expectReadable(t *testing.T, warnings []string) {
	t.Helper()
	// The API server has warnings of its own, which begin with the path of a field.
	warnings = slices.DeleteFunc(slices.Clone(warnings), func(w string) bool { return strings.HasPrefix(w, "spec.") })
	if len(warnings) == 0 || len(warnings) > 3 {
		t.Errorf("%d warnings: %q", len(warnings), warnings)
	}
	for _, warning := range warnings {
		if utf8.RuneCountInString(warning) > 120 {
			t.Errorf("a warning of more than 120 characters: %q", warning)
		}
	}
}
