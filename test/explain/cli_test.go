package explain_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// cli is the program, as somebody uses it in a cluster.
type cli struct {
	plane         *controlplane.ControlPlane
	root, program string
	home          string
}

func newCLI(t *testing.T, plane *controlplane.ControlPlane) *cli {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	c := &cli{plane: plane, root: root, program: filepath.Join(t.TempDir(), "probe-injector"), home: t.TempDir()}
	if err := gobuild.Build(t.Context(), gobuild.Target{Dir: root, Package: "./cmd/probe-injector", Output: c.program}); err != nil {
		t.Fatal(err)
	}
	return c
}

// result is one run of the program.
type result struct {
	code           int
	stdout, stderr string
}

// run runs the program. What stands before the verb are flags of the verb.
func (c *cli) run(t *testing.T, args ...string) result {
	t.Helper()
	for i, arg := range args {
		if arg == "explain" {
			args = append([]string{arg}, append(args[:i:i], args[i+1:]...)...)
			break
		}
	}
	command := exec.CommandContext(t.Context(), c.program, args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.plane.KubeconfigPath(), "HOME="+c.home)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// fails runs the program and holds how it fails.
func (c *cli) fails(t *testing.T, code int, says string, args ...string) {
	t.Helper()
	got := c.run(t, args...)
	if got.code != code || got.stdout != "" || !strings.Contains(got.stderr, says) {
		t.Errorf("exit code %d, want %d and %q:\n%s%s", got.code, code, says, got.stdout, got.stderr)
	}
}

// podOf is the Pod of a Deployment, as soon as there is one.
func (c *cli) podOf(t *testing.T, namespace, deployment string) *corev1.Pod {
	t.Helper()
	pod, err := c.plane.WaitForPod(t.Context(), namespace, "app="+deployment)
	if err != nil {
		t.Fatal(err)
	}
	return pod
}
