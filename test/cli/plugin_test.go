package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/binaries"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// installed is a folder with the CLI under the names that kubectl looks for, and kubectl itself.
type installed struct{ folder, program, kubectl, root string }

func install(t *testing.T) installed {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	i := installed{folder: t.TempDir(), root: root}
	if i.kubectl, err = binaries.Kubernetes(t.Context(), "", "kubectl"); err != nil {
		t.Fatal(err)
	}
	i.program = filepath.Join(i.folder, "probe-injector")
	version, err := checkout.Version()
	if err != nil {
		t.Fatal(err)
	}
	err = gobuild.Build(t.Context(), gobuild.Target{
		Dir: root, Package: "./cmd/probe-injector", Output: i.program,
		LinkerFlags: "-X github.com/probe-injector/probe-injector/cmd/internal/version.release=" + version,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(i.program, filepath.Join(i.folder, "kubectl-probe_injector")); err != nil {
		t.Fatal(err)
	}
	// As docs/cli.md has it.
	completion := "#!/bin/sh\nexec probe-injector __complete \"$@\"\n"
	if err := os.WriteFile(filepath.Join(i.folder, "kubectl_complete-probe_injector"), []byte(completion), 0o700); err != nil {
		t.Fatal(err)
	}
	return i
}

// run runs kubectl and gives what it prints and its exit code.
func (i *installed) run(t *testing.T, args ...string) (output string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), i.kubectl, args...)
	command.Dir = i.root
	command.Env = append(os.Environ(), "PATH="+i.folder+string(filepath.ListSeparator)+os.Getenv("PATH"), "HOME="+i.folder, "KUBECONFIG="+filepath.Join(i.folder, "none"))
	text, err := command.CombinedOutput()
	if command.ProcessState == nil {
		t.Fatal(err)
	}
	return string(text), command.ProcessState.ExitCode()
}

func TestKubectlFindsThePlugin(t *testing.T) {
	i := install(t)
	version, err := checkout.Version()
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		args []string
		code int
		says string
	}{
		"it is listed":             {[]string{"plugin", "list"}, 0, filepath.Join(i.folder, "kubectl-probe_injector") + "\n"},
		"its version":              {[]string{"probe-injector", "--version"}, 0, "kubectl probe-injector " + version + "\n"},
		"its help has its name":    {[]string{"probe-injector", "lint", "--help"}, 0, "  kubectl probe-injector lint -f FILE [flags]\n"},
		"its report and exit code": {[]string{"probe-injector", "lint", "-f", "examples/mistakes/same-endpoint.yaml"}, 1, "examples/mistakes/same-endpoint.yaml:43:11: error: deployment/shop (shop)"},
		"wrong usage":              {[]string{"probe-injector", "lint"}, 2, "error: say what to lint"},
		"kubectl completes it":     {[]string{"__complete", "probe-injector", "lint", "--fail-on", ""}, 0, "warning\n"},
	} {
		t.Run(name, func(t *testing.T) {
			output, code := i.run(t, row.args...)
			if code != row.code || !strings.Contains(output, row.says) {
				t.Errorf("code %d, want %d and %q:\n%s", code, row.code, row.says, output)
			}
		})
	}
}
