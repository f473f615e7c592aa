package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/binaries"
	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
	"github.com/probe-injector/probe-injector/test/images"
)

// audited is the service of examples/flask-app, looked at with the CLI.
type audited struct {
	*suite
	*release
	namespace, program string
}

// TestFullAudit tries the probes of a service that runs, breaks it, finds it under Hurting, stops that with the command that is
// printed, and finds the Pod that no webhook answered.
func TestFullAudit(t *testing.T) {
	r := theSuite.install(t, charttools.Helm4, "")
	theSuite.load(t, images.FlaskApp)
	a := &audited{theSuite, r, theSuite.namespace(t, "audit", restricted()), theSuite.cli(t)}
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	a.kubectl(t, "apply", "--namespace", a.namespace, "--filename", filepath.Join(root, "examples", flaskApp, "deployment.yaml"))
	a.kubectl(t, "rollout", "status", "--namespace", a.namespace, "deployment/"+flaskApp, "--timeout=3m")

	a.isTried(t)
	command := a.isHurting(t)
	a.stops(t, command)
	a.misses(t)
}

// cli builds the program.
func (s *suite) cli(t *testing.T) string {
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

// cli runs the program and returns its exit code and what it printed.
func (a *audited) cli(t *testing.T, args ...string) (code int, stdout string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), a.program, append(args, "--kubeconfig", a.kubeconfig)...)
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if code = command.ProcessState.ExitCode(); code > 1 {
		t.Fatalf("%s: exit code %d: %s%s", args, code, out.String(), problems.String())
	}
	return code, out.String()
}

func (a *audited) isTried(t *testing.T) {
	t.Helper()
	code, out := a.cli(t, "try", "deployment/"+flaskApp, "-n", a.namespace, "--yes")
	t.Log(out)
	if code != 0 || strings.Count(out, "would be ready") != 3 || strings.Count(out, "would pass") != 3 {
		t.Errorf("exit code %d: %s", code, out)
	}
}

// finding is what the test looks at of an audit's findings.
type finding struct {
	Type, Sign, Name, Container, Message, LastAnswer, Command string
}

func (a *audited) findings(t *testing.T, only string) []finding {
	t.Helper()
	_, out := a.cli(t, "audit", "-n", a.namespace, "--only", only, "-o", "json")
	var report struct{ Findings []finding }
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	return report.Findings
}

// isHurting breaks one Pod and returns the command that stops the probe.
func (a *audited) isHurting(t *testing.T) string {
	t.Helper()
	if found := a.findings(t, "hurting"); len(found) > 0 {
		t.Fatalf("before anything is broken: %+v", found)
	}
	pods := a.podsOf(t, a.namespace, "app.kubernetes.io/name="+flaskApp, 3)
	if _, err := a.ask(t.Context(), a.namespace, pods[0].Name, 8080, "/break"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var found []finding
	eventually(t, 2*time.Minute, "the service is under Hurting", func() error {
		if found = a.findings(t, "hurting"); len(found) == 0 {
			return errors.New("nothing is hurting")
		}
		return nil
	})
	t.Logf("under Hurting after %s: %+v", time.Since(began).Round(time.Second), found)
	f := found[0]
	if len(found) != 1 || f.Sign != "killed" || f.Container != flaskApp || !strings.HasPrefix(f.Message, "killed by our liveness 1x in ") ||
		!strings.HasSuffix(f.Message, ", 1 of 3 Pods") || f.LastAnswer == "" {
		t.Errorf("found %+v", found)
	}
	return f.Command
}

// stops runs the command as it is printed.
func (a *audited) stops(t *testing.T, command string) {
	t.Helper()
	kubectl, err := binaries.Kubernetes(t.Context(), "", "kubectl")
	if err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "sh", "-c", command)
	shell.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PATH=") }),
		"KUBECONFIG="+a.kubeconfig, "PATH="+filepath.Dir(kubectl)+":"+os.Getenv("PATH"))
	if output, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, output)
	}
	a.kubectl(t, "rollout", "status", "--namespace", a.namespace, "deployment/"+flaskApp, "--timeout=3m")
	eventually(t, time.Minute, "nothing is hurting any more", func() error {
		if found := a.findings(t, "hurting"); len(found) > 0 {
			return fmt.Errorf("found %+v", found)
		}
		return nil
	})
	eventually(t, time.Minute, "the old Pods are gone", func() error {
		list, err := a.client.CoreV1().Pods(a.namespace).List(t.Context(), metav1.ListOptions{})
		if err == nil && len(list.Items) != 3 {
			err = fmt.Errorf("there are %d", len(list.Items))
		}
		return err
	})
	for _, pod := range a.podsOf(t, a.namespace, "app.kubernetes.io/name="+flaskApp, 3) {
		if c := pod.Spec.Containers[0]; c.LivenessProbe != nil || c.ReadinessProbe == nil {
			t.Errorf("%s: liveness %v, readiness %v", pod.Name, c.LivenessProbe, c.ReadinessProbe)
		}
	}
}

// misses creates a Pod while no server runs, and another one that asks for nothing.
func (a *audited) misses(t *testing.T) {
	t.Helper()
	a.kubectl(t, "scale", "--namespace", releaseNamespace, "deployment/"+releaseName, "--replicas=0")
	eventually(t, 2*time.Minute, "no server runs", func() error {
		list, err := a.client.CoreV1().Pods(releaseNamespace).List(t.Context(), metav1.ListOptions{})
		if err == nil && len(list.Items) > 0 {
			err = fmt.Errorf("there are %d Pods", len(list.Items))
		}
		return err
	})
	for name, annotations := range map[string]map[string]string{"asks": {"probe-injector.dev/readiness": "tcp:8080"}, "silent": nil} {
		pod := a.pods(t)[0].DeepCopy()
		pod.ObjectMeta = metav1.ObjectMeta{Name: name, Annotations: annotations}
		pod.Spec.Containers[0].ReadinessProbe, pod.Spec.NodeName = nil, ""
		if _, err := a.client.CoreV1().Pods(a.namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	found := a.findings(t, "missed")
	if len(found) != 1 || found[0].Name != "asks" || found[0].Message != "1 of 1 Pod asks and no webhook answered; replace them" {
		t.Errorf("found %+v", found)
	}
	code, out := a.cli(t, "audit", "-n", a.namespace)
	t.Log(out)
	if code != 0 || !strings.Contains(out, ": 0 of 0 ready") {
		t.Errorf("exit code %d: %s", code, out)
	}
}

func (a *audited) pods(t *testing.T) []corev1.Pod {
	t.Helper()
	return a.podsOf(t, a.namespace, "app.kubernetes.io/name="+flaskApp, 3)
}
