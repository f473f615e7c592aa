// Package renderers runs examples/kustomize-function and examples/helm-post-renderer as their pages say, with the real
// kustomize and both Helms, and our CLI in the PATH.
package renderers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// programs runs other programs, which find our CLI.
type programs struct {
	examples    string
	environment []string
}

func newPrograms(t *testing.T) *programs {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	folder := filepath.Join(home, "programs")
	err = gobuild.Build(t.Context(), gobuild.Target{Dir: root, Package: "./cmd/probe-injector", Output: filepath.Join(folder, "probe-injector")})
	if err != nil {
		t.Fatal(err)
	}
	return &programs{
		examples: filepath.Join(root, "examples"),
		environment: append(os.Environ(), "PATH="+folder+string(filepath.ListSeparator)+os.Getenv("PATH"), "HOME="+home,
			"HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home),
	}
}

// run runs a program in a folder of examples.
func (p *programs) run(t *testing.T, tool charttools.Tool, folder string, args ...string) (string, error) {
	t.Helper()
	program, err := charttools.Path(t.Context(), tool)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir, command.Env = filepath.Join(p.examples, folder), p.environment
	var output, problems bytes.Buffer
	command.Stdout, command.Stderr = &output, &problems
	if err = command.Run(); err != nil {
		t.Logf("%s: %v: %s", tool, err, problems.String())
	}
	return output.String(), err
}

// must is run for what has to succeed.
func (p *programs) must(t *testing.T, tool charttools.Tool, folder string, args ...string) string {
	t.Helper()
	output, err := p.run(t, tool, folder, args...)
	if err != nil {
		t.FailNow()
	}
	return output
}

// checkProbes makes sure that a manifest is a Deployment with all probes, and with annotations of ours or without.
func checkProbes(t *testing.T, manifest string, annotations int) {
	t.Helper()
	var deployment appsv1.Deployment
	if err := yaml.UnmarshalStrict([]byte(manifest), &deployment); err != nil {
		t.Fatalf("%v\n%s", err, manifest)
	}
	if len(deployment.Spec.Template.Spec.Containers) != 1 {
		t.Fatalf("no container:\n%s", manifest)
	}
	c := deployment.Spec.Template.Spec.Containers[0]
	if c.StartupProbe == nil || c.LivenessProbe == nil || c.ReadinessProbe == nil || c.ReadinessProbe.HTTPGet.Path != "/readyz" {
		t.Errorf("probes are missing:\n%s", manifest)
	}
	if len(deployment.Spec.Template.Annotations) != annotations {
		t.Errorf("annotations %v, want %d", deployment.Spec.Template.Annotations, annotations)
	}
}

func TestKustomizeRunsTheFunction(t *testing.T) {
	p := newPrograms(t)
	checkProbes(t, p.must(t, charttools.Kustomize, "kustomize-function", "build", "--enable-alpha-plugins", "--enable-exec", "."), 2)
}

func TestHelm3RunsThePostRenderer(t *testing.T) {
	p := newPrograms(t)
	const folder = "helm-post-renderer"
	args := []string{"template", "shop", "./chart", "--post-renderer", "./inject.sh"}
	checkProbes(t, p.must(t, charttools.Helm3, folder, args...), 2)
	checkProbes(t, p.must(t, charttools.Helm3, folder, append(args, "--post-renderer-args", "--eject")...), 0)
	checkWrongAnnotations(t, p, charttools.Helm3, args)
}

func TestHelm4RunsThePlugin(t *testing.T) {
	p := newPrograms(t)
	const folder = "helm-post-renderer"
	p.must(t, charttools.Helm4, folder, "plugin", "install", ".")
	args := []string{"template", "shop", "./chart", "--post-renderer", "probe-injector"}
	checkProbes(t, p.must(t, charttools.Helm4, folder, args...), 2)
	checkProbes(t, p.must(t, charttools.Helm4, folder, append(args, "--post-renderer-args", "--eject")...), 0)
	checkWrongAnnotations(t, p, charttools.Helm4, args)
}

// checkWrongAnnotations makes sure that a wrong annotation stops no release, and that a wrong flag does.
func checkWrongAnnotations(t *testing.T, p *programs, tool charttools.Tool, args []string) {
	t.Helper()
	wrong := append(slices.Clone(args), "--set-string", `podAnnotations.probe-injector\.dev/restart-after=soon`)
	output := p.must(t, tool, "helm-post-renderer", wrong...)
	if !strings.Contains(output, "readinessProbe:") || strings.Contains(output, "livenessProbe:") {
		t.Errorf("doubt costs the liveness probe, and nothing else:\n%s", output)
	}
	if output, err := p.run(t, tool, "helm-post-renderer", append(args, "--post-renderer-args", "--none")...); err == nil {
		t.Errorf("a flag that does not exist is accepted:\n%s", output)
	}
}
