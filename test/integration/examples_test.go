package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// TestExamples finds that the API server accepts every manifest that readers are meant to copy or to look at: what is
// wrong with those of examples/mistakes is nothing that it refuses.
func TestExamples(t *testing.T) {
	t.Parallel()
	c := newCluster(t, controlplane.Options{})
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for _, folder := range []string{"mistakes", "annotations"} {
		files, err := filepath.Glob(filepath.Join(root, "examples", folder, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), "\nkind: Deployment\n") && !strings.Contains(string(text), "\nkind: StatefulSet\n") {
				continue
			}
			accepted++
			t.Run(folder+"/"+filepath.Base(file), func(t *testing.T) {
				if output, err := c.Kubectl(t.Context(), "apply", "-f", file); err != nil {
					t.Fatalf("%v: %s", err, output)
				}
				// Two files may use one name.
				if output, err := c.Kubectl(t.Context(), "delete", "--wait=false", "-f", file); err != nil {
					t.Errorf("%v: %s", err, output)
				}
			})
		}
	}
	const least = 10
	if accepted < least {
		t.Errorf("only %d manifests were found, there should be %d", accepted, least)
	}
}
