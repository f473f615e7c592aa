package release

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// The most that programs may take, bytes.
const (
	largestCLI             = 60_000_000
	largestWebhook         = 45_000_000
	largestWebhookArchived = 16_000_000
)

// platform is where a program runs.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "_" + p.arch }

// platforms are those that the CLI is released for.
func platforms() []platform {
	var all []platform
	for _, os := range []string{"linux", "darwin", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			all = append(all, platform{os, arch})
		}
	}
	return all
}

// mine is the platform of this machine, which has Linux.
func mine() platform { return platform{"linux", runtime.GOARCH} }

// archive is the CLI's for a platform.
func (p platform) archive(t *testing.T) string {
	t.Helper()
	extension := ".tar.gz"
	if p.os == "windows" {
		extension = ".zip"
	}
	return dist(t, fmt.Sprintf("probe-injector_%s_%s%s", number(t), p, extension))
}

// program is the CLI's name on a platform.
func (p platform) program() string {
	if p.os == "windows" {
		return "probe-injector.exe"
	}
	return "probe-injector"
}

func TestArchivesHaveTheCLIForTheirPlatform(t *testing.T) {
	for _, p := range platforms() {
		t.Run(p.String(), func(t *testing.T) {
			program := filepath.Join(unpacked(t, p.archive(t)), p.program())
			isBuiltFor(t, program, p)
			isAtMost(t, program, largestCLI)
			hasItsMaterials(t, program, dist(t, fmt.Sprintf("probe-injector_%s_%s.cdx.json", number(t), p)))
			if p.os == "linux" {
				said := emulated(t, p.arch, program, "--version")
				if !strings.Contains(said, "v"+number(t)) {
					t.Errorf("--version says %q", said)
				}
				explained := emulated(t, p.arch, program, "explain", "-f", filepath.Join(root(t), "examples", "flask-app", "deployment.yaml"))
				if !strings.Contains(explained, "livenessProbe") {
					t.Errorf("explain says %q", explained)
				}
			}
		})
	}
}

// emulated runs a program for linux, by QEMU unless the machine is of its architecture.
func emulated(t *testing.T, arch, program string, args ...string) string {
	t.Helper()
	if arch == runtime.GOARCH {
		return must(t, program, args...)
	}
	emulator := map[string]string{"arm64": "qemu-aarch64-static", "amd64": "qemu-x86_64-static"}[arch]
	return must(t, emulator, append([]string{program}, args...)...)
}

// isBuiltFor expects a static program without traces of the machine that built it.
func isBuiltFor(t *testing.T, program string, p platform) {
	t.Helper()
	built, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"GOOS": p.os, "GOARCH": p.arch, "CGO_ENABLED": "0", "-trimpath": "true"} {
		if !slices.ContainsFunc(built.Settings, func(s debug.BuildSetting) bool { return s.Key == key && s.Value == want }) {
			t.Errorf("it was not built with %s=%s: %v", key, want, built.Settings)
		}
	}
}

func isAtMost(t *testing.T, path string, most int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s has %d bytes, at most %d", filepath.Base(path), info.Size(), most)
	if info.Size() > most {
		t.Error("it is too large")
	}
}

// hasItsMaterials expects a bill of materials to list exactly the modules that Go says are in the program.
func hasItsMaterials(t *testing.T, program, bill string) {
	t.Helper()
	built, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(bill)
	if err != nil {
		t.Fatal(err)
	}
	var listed struct {
		BOMFormat  string `json:"bomFormat"`
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(text, &listed); err != nil {
		t.Fatal(err)
	}
	if listed.BOMFormat != "CycloneDX" {
		t.Errorf("its format is %q", listed.BOMFormat)
	}
	names := map[string]string{}
	for _, component := range listed.Components {
		names[component.Name] = component.Version
	}
	for _, module := range built.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		if names[module.Path] != module.Version {
			t.Errorf("%s %s is in the program, and %q in the bill", module.Path, module.Version, names[module.Path])
		}
		delete(names, module.Path)
	}
	// Go's own packages are listed as the module std.
	delete(names, "std")
	for name := range names {
		t.Errorf("%s is in the bill, and not in the program", name)
	}
}
