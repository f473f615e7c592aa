package images

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestEachSoftwareNamesItsImageInFull(t *testing.T) {
	names, err := SoftwareNames()
	if err != nil || len(names) == 0 {
		t.Fatalf("there are %v, %v", names, err)
	}
	folder, err := softwareFolder()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		reference, err := referenceIn(filepath.Join(folder, name, "Dockerfile"))
		if err != nil {
			t.Error(err)
			continue
		}
		registry, rest, _ := strings.Cut(reference, "/")
		if !strings.Contains(registry, ".") || !strings.Contains(rest, "/") || !strings.Contains(rest, ":") {
			t.Errorf("%s: %s has no registry, no path or no tag", name, reference)
		}
	}
}

func TestADockerfileWithoutItsNameIsRefused(t *testing.T) {
	path := write(t, t.TempDir(), "Dockerfile", "FROM scratch\n")
	if _, err := referenceIn(path); err == nil || !strings.Contains(err.Error(), `the first line must be "# Image: REFERENCE"`) {
		t.Errorf("the error is %v", err)
	}
}
