package previous_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/previous"
)

func TestThePreviousReleaseIsWholeAndCanBeBuilt(t *testing.T) {
	release, err := previous.Unpack()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(release.Chart(), "Chart.yaml")); err != nil {
		t.Error(err)
	}
	program, err := release.Webhook(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), program, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(said), previous.Version) {
		t.Errorf("--version says %q, not %s", said, previous.Version)
	}
}
