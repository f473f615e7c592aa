package chart_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// helm is a real Helm, on a cluster.
type helm struct {
	program, chart string
	environment    []string
}

// newHelm returns a Helm with folders of its own.
func newHelm(t *testing.T, tool charttools.Tool, plane *controlplane.ControlPlane) *helm {
	t.Helper()
	program, err := charttools.Path(t.Context(), tool)
	if err != nil {
		t.Fatal(err)
	}
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	return &helm{
		program: program,
		chart:   filepath.Join(root, "charts", "probe-injector"),
		environment: append(os.Environ(),
			"HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home, "HOME="+home,
			"KUBECONFIG="+plane.KubeconfigPath(),
		),
	}
}

// run runs Helm and returns what it printed.
func (h *helm) run(ctx context.Context, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, h.program, arguments...)
	command.Env = h.environment
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("helm %s: %w: %s", strings.Join(arguments, " "), err, output.String())
	}
	return output.String(), nil
}

// must is run for what has to succeed.
func (h *helm) must(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := h.run(t.Context(), arguments...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// upgrade installs the chart or a change of its values. Nothing waits for Pods, nor runs the check of a policy: there are no
// nodes.
func (h *helm) upgrade(t *testing.T, namespace string, more ...string) string {
	t.Helper()
	arguments := []string{"upgrade", "--install", "probe-injector", h.chart, "--namespace", namespace, "--create-namespace", "--set", "policyCheck.enabled=false"}
	return h.must(t, append(arguments, more...)...)
}
