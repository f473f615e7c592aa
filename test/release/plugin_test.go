package release

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/charttools"
)

// TestKrewTakesTheManifestIntoAnIndex puts the manifest into an index of plugins, which is a repository of git.
func TestKrewTakesTheManifestIntoAnIndex(t *testing.T) {
	u := newUser(t)
	for _, step := range []struct{ command, says string }{
		{`mkdir -p ~/index/plugins && cp probe-injector.krew.yaml ~/index/plugins/probe-injector.yaml &&
			git -C ~/index init -q && git -C ~/index add . &&
			git -C ~/index -c user.name=test -c user.email=test@example.com commit -qm index`, ""},
		{"kubectl krew update", "Updated the local copy of plugin index"},
		{"kubectl krew info probe-injector", "VERSION: v" + number(t)},
		{command(t, "Use it", "kubectl krew install"), "Installed plugin: probe-injector"},
		{"kubectl krew list", "probe-injector"},
		{"kubectl krew uninstall probe-injector", "Uninstalled plugin: probe-injector"},
	} {
		if output, err := u.types(t, step.command); err != nil || !strings.Contains(output, step.says) {
			t.Fatalf("%s: %v, no %q in %s", step.command, err, step.says, output)
		}
	}
	if output, err := u.types(t, "kubectl probe-injector --version"); err == nil {
		t.Errorf("after it was uninstalled: %s", output)
	}
}

func TestTheManifestNamesEveryArchiveByItsChecksum(t *testing.T) {
	manifest, err := os.ReadFile(dist(t, "probe-injector.krew.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(dist(t, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if !strings.HasSuffix(name, ".tar.gz") && !strings.HasSuffix(name, ".zip") {
			continue
		}
		if !strings.Contains(string(manifest), sum) || !strings.Contains(string(manifest), "/"+name) {
			t.Errorf("the manifest lacks %s or its checksum", name)
		}
	}
}

func TestTheChartIsOfThisVersionAndPassesHelmsLint(t *testing.T) {
	packaged := dist(t, fmt.Sprintf("probe-injector-%s.tgz", number(t)))
	for _, version := range []charttools.Tool{charttools.Helm3, charttools.Helm4} {
		helm, err := charttools.Path(t.Context(), version)
		if err != nil {
			t.Fatal(err)
		}
		if chart := must(t, helm, "show", "chart", packaged); !strings.Contains(chart, "\nversion: "+number(t)+"\n") {
			t.Errorf("%s shows %s", version, chart)
		}
		must(t, helm, "lint", "--strict", packaged)
	}
}
