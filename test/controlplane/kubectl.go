package controlplane

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// Kubectl runs the real kubectl against this control plane and returns what it printed, stdout and stderr together as
// a user sees them, so with the warnings. The output is returned with an error as well.
func (c *ControlPlane) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.KubectlWithInput(ctx, nil, args...)
}

// KubectlWithInput is Kubectl for commands like "apply -f -" that read from stdin.
func (c *ControlPlane) KubectlWithInput(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.programs.kubectl, args...)
	// HOME is where kubectl caches discovery; every control plane has its own.
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.KubeconfigPath(), "HOME="+c.files.dir)
	var output bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &output, &output
	if err := cmd.Run(); err != nil {
		return output.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, output.String())
	}
	return output.String(), nil
}
