package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/binaries"
	"github.com/probe-injector/probe-injector/test/charttools"
)

// commandsOf are the commands that a section of RELEASE.md shows, for the release that is there and for this machine.
func commandsOf(t *testing.T, section string) []string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root(t), "RELEASE.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "\n## "+section+"\n")
	if !found {
		t.Fatalf("RELEASE.md has no section %q", section)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	text = strings.NewReplacer("0.1.0", number(t), "linux_amd64", "linux_"+runtime.GOARCH).Replace(text)
	var commands []string
	for line := range strings.Lines(text) {
		if command, is := strings.CutPrefix(line, "$ "); is {
			commands = append(commands, strings.TrimSpace(command))
		}
	}
	if len(commands) == 0 {
		t.Fatalf("section %q has no command", section)
	}
	return commands
}

// user is somebody with the files of a release in a folder and the programs on the PATH, who types commands.
type user struct{ folder, path, home string }

func newUser(t *testing.T) *user {
	t.Helper()
	u := &user{folder: t.TempDir(), path: t.TempDir(), home: t.TempDir()}
	files, err := os.ReadDir(dist(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		link(t, dist(t, file.Name()), filepath.Join(u.folder, file.Name()))
	}
	kubectl, err := binaries.Kubernetes(t.Context(), "", "kubectl")
	if err != nil {
		t.Fatal(err)
	}
	helm, err := charttools.Path(t.Context(), charttools.Helm4)
	if err != nil {
		t.Fatal(err)
	}
	for name, program := range map[string]string{
		"cosign": tool(t, "cosign"), "kubectl-krew": tool(t, "krew"), "kubectl": kubectl, "helm": helm,
	} {
		link(t, program, filepath.Join(u.path, name))
	}
	return u
}

func link(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Symlink(from, to); err != nil {
		t.Fatal(err)
	}
}

// types runs a command of the shell in the folder.
func (u *user) types(t *testing.T, command string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", command)
	cmd.Dir = u.folder
	krew := filepath.Join(u.home, "krew")
	cmd.Env = append(os.Environ(), "HOME="+u.home, "KREW_ROOT="+krew, "KREW_NO_UPGRADE_CHECK=1", "KREW_DEFAULT_INDEX_URI="+filepath.Join(u.home, "index"),
		"PATH="+strings.Join([]string{u.path, filepath.Join(krew, "bin"), os.Getenv("PATH")}, string(filepath.ListSeparator)))
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// changesAByte changes the byte in the middle of a file, or its last one where there is none.
func (u *user) changesAByte(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join(u.folder, name)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	u.replaces(t, name, content)
}

func (u *user) replaces(t *testing.T, name string, content []byte) {
	t.Helper()
	path := filepath.Join(u.folder, name)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestThePageVerifiesTheRelease(t *testing.T) {
	u := newUser(t)
	for _, command := range commandsOf(t, "Verify a release") {
		output, err := u.types(t, command)
		if err != nil {
			t.Errorf("%s: %v: %s", command, err, output)
		}
		t.Logf("$ %s\n%s", command, output)
	}
}

func TestThePageUsesTheRelease(t *testing.T) {
	u := newUser(t)
	// What needs a cluster or a registry stops before it here; a node and an installation follow in test/e2e.
	instead := strings.NewReplacer("docker://registry.example.com/platform/probe-injector:", "oci:copy:", "helm install", "helm template")
	says := map[string]string{
		"./probe-injector --version":       "probe-injector v" + number(t),
		"kubectl probe-injector --version": "kubectl probe-injector v" + number(t),
		"kubectl krew install":             "Installed plugin: probe-injector",
		"mkdir image":                      "",
		"skopeo copy":                      "Writing manifest list to image destination",
		"helm template":                    "registry.example.com/platform/probe-injector:v" + number(t),
	}
	for _, command := range commandsOf(t, "Use it") {
		if strings.HasPrefix(command, "ctr ") {
			continue
		}
		command = instead.Replace(command)
		output, err := u.types(t, command)
		if err != nil {
			t.Fatalf("%s: %v: %s", command, err, output)
		}
		known := false
		for part, want := range says {
			if !strings.Contains(command, part) {
				continue
			}
			if known = true; !strings.Contains(output, want) {
				t.Errorf("%s: no %q in %.500s", command, want, output)
			}
		}
		if !known {
			t.Errorf("nobody knows what %q should print", command)
		}
	}
}
