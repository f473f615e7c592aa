package release

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/charttools"
)

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
