package release

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/charttools"
)

func TestKrewInstallsTheArchiveByTheManifest(t *testing.T) {
	home := t.TempDir()
	krew := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), tool(t, "krew"), args...)
		cmd.Env = append(os.Environ(), "KREW_ROOT="+home, "KREW_NO_UPGRADE_CHECK=1")
		output, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("krew %s: %v: %s", strings.Join(args, " "), err, output)
		}
		return string(output)
	}
	mine := platform{"linux", runtime.GOARCH}
	krew("install", "--no-update-index", "--manifest="+dist(t, "probe-injector.krew.yaml"), "--archive="+mine.archive(t))
	if list := krew("list"); !strings.Contains(list, "probe-injector") {
		t.Errorf("krew lists %q", list)
	}
	// kubectl finds it by this name.
	said := must(t, home+"/bin/kubectl-probe_injector", "--version")
	if want := fmt.Sprintf("kubectl probe-injector v%s\n", number(t)); said != want {
		t.Errorf("it says %q, want %q", said, want)
	}
	krew("uninstall", "probe-injector")
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
