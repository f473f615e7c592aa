package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

const (
	// manifestCount is how many random Pods are written into a file.
	manifestCount = 80
	// leastWritten is how many of them must get a probe.
	leastWritten = 30
)

// manifestsWithProbes holds what the CLI's inject writes against what our server adds: the same Pods, byte for byte in their
// specs. After --eject our server is not asked any more.
func (i *installed) manifestsWithProbes(t *testing.T) {
	program := cli(t)
	r := rand.New(rand.NewPCG(13, 3))
	var stream bytes.Buffer
	for n := range manifestCount {
		stream.WriteString("---\n")
		stream.Write(named(t, randomPod(t, r), fmt.Sprintf("manifest-%d", n)))
	}
	asked := specsOf(t, i, plain, stream.String())
	written := withProbes(t, program, stream.String(), "--policy", i.webhook.PolicyPath())
	if diff := cmp.Diff(asked, specsOf(t, i, killed, written)); diff != "" {
		t.Fatalf("the file's Pods are others than our server's (-server +file):\n%s", diff)
	}
	ejected := withProbes(t, program, stream.String(), "--policy", i.webhook.PolicyPath(), "--eject")
	before := reviews(t, i.webhook)
	if diff := cmp.Diff(asked, specsOf(t, i, plain, ejected)); diff != "" {
		t.Errorf("without annotations the Pods are others (-server +file):\n%s", diff)
	}
	if after := reviews(t, i.webhook); after != before {
		t.Errorf("without annotations our server is still asked, %v times", after-before)
	}
	if some := strings.Count(written, "Probe:") - strings.Count(stream.String(), "Probe:"); some < leastWritten {
		t.Errorf("only %d probes were written: this is hardly tested", some)
	}
}

// deploymentWithProbes does the same with a Deployment, whose Pod its controllers make.
func (i *installed) deploymentWithProbes(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	original, err := os.ReadFile(filepath.Join(root, "examples", "flask-app", "deployment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	specs := map[string]corev1.PodSpec{}
	for namespace, manifest := range map[string]string{
		plain:  string(original),
		killed: withProbes(t, cli(t), string(original), "--policy", i.webhook.PolicyPath()),
	} {
		if output, err := i.KubectlWithInput(t.Context(), strings.NewReader(manifest), "apply", "-n", namespace, "-f", "-"); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		pod, err := i.WaitForPod(t.Context(), namespace, "app.kubernetes.io/name=flask-app")
		if err != nil {
			t.Fatal(err)
		}
		specs[namespace] = pod.Spec
	}
	if diff := cmp.Diff(specs[plain], specs[killed]); diff != "" {
		t.Errorf("-server +file:\n%s", diff)
	}
	if probe := specs[killed].Containers[0].LivenessProbe; probe == nil {
		t.Error("there is no liveness probe")
	}
}

// cli brings the program up to date and returns its path.
func cli(t *testing.T) string {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "probe-injector")
	if err := gobuild.Build(t.Context(), gobuild.Target{Dir: root, Package: "./cmd/probe-injector", Output: program}); err != nil {
		t.Fatal(err)
	}
	return program
}

// withProbes gives a stream to the CLI and returns what it prints. Wrong annotations, exit code 1, are no failure.
func withProbes(t *testing.T, program, stream string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, append([]string{"inject", "-f", "-"}, args...)...)
	command.Stdin = strings.NewReader(stream)
	output, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok && failed.ExitCode() == 1 {
		err = nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

// named is a Pod as YAML, under a name.
func named(t *testing.T, manifest []byte, name string) []byte {
	t.Helper()
	var pod corev1.Pod
	if err := json.Unmarshal(manifest, &pod); err != nil {
		t.Fatal(err)
	}
	pod.GenerateName, pod.Name = "", name
	text, err := yaml.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// specsOf creates the Pods of a stream on dry run and returns their specs by name.
func specsOf(t *testing.T, i *installed, namespace, stream string) map[string]corev1.PodSpec {
	t.Helper()
	specs := map[string]corev1.PodSpec{}
	for _, manifest := range strings.Split(stream, "---\n")[1:] {
		created, err := i.try(t.Context(), namespace, []byte(manifest))
		if err != nil {
			t.Fatalf("%v\n%s", err, manifest)
		}
		specs[created.pod.Name] = created.pod.Spec
	}
	if len(specs) != manifestCount {
		t.Fatalf("%d Pods, not %d", len(specs), manifestCount)
	}
	return specs
}
