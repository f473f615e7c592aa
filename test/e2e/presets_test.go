package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
	"github.com/probe-injector/probe-injector/test/cluster"
	"github.com/probe-injector/probe-injector/test/software"
)

// presetsAtOnce is how many start or are busy at once. More of them starve each other on two cores, and then a probe that
// fails says nothing about the software.
const presetsAtOnce = 4

// startTimeout is how long software may take from its creation until it is Ready, beyond what its readiness probe adds.
const startTimeout = 4 * time.Minute

// presetRun is one preset on the kubelet. Its container has the name of the profile.
type presetRun struct {
	*suite
	preset
	namespace string
	pod       *corev1.Pod
}

// TestFullPresets runs software that the catalogue knows: with the probes that its preset gives it, it becomes Ready, is
// left alone while it is healthy and busy, and is restarted when it hangs, if the preset has liveness.
func TestFullPresets(t *testing.T) {
	t.Parallel()
	theSuite.needNode(t)
	theSuite.installed(t)
	namespace := theSuite.namespace(t, "presets", nil)
	slots := make(chan struct{}, presetsAtOnce)
	for _, p := range presets() {
		t.Run(p.profile, func(t *testing.T) {
			t.Parallel()
			slots <- struct{}{}
			leave := func() { <-slots }
			defer func() { leave() }()

			run := &presetRun{suite: theSuite, preset: p, namespace: namespace}
			run.getsTheProbesOfItsPreset(t, run.onOneNode(t))
			run.becomesReady(t)
			run.isLeftAloneWhileBusy(t)
			// What follows is waiting.
			leave()
			leave = func() {}
			run.isRestartedWhenItHangs(t)
		})
	}
}

// docs/profiles.md marks what is run here, and what test/prober/software runs.
func TestPresetsThatRunAreMarked(t *testing.T) {
	built, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	run := software.Profiles()
	for _, p := range presets() {
		run = append(run, p.profile)
	}
	slices.Sort(run)
	marked := slices.Sorted(slices.Values(built.Verified))
	if diff := cmp.Diff(run, marked); diff != "" {
		t.Errorf("verified in catalogue.yaml (-what is run +what is marked):\n%s", diff)
	}
}

// onOneNode makes the image and gives it to the first node alone: together these images are too large to have twice.
func (r *presetRun) onOneNode(t *testing.T) (reference string) {
	t.Helper()
	image, err := r.image(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := cluster.State{Nodes: r.needNode(t).Nodes[:1]}
	if err := first.Import(t.Context(), image.Archive); err != nil {
		t.Fatal(err)
	}
	return image.Reference
}

// getsTheProbesOfItsPreset creates the Pod. Its probes are those that the engine decides, and the preset is why.
func (r *presetRun) getsTheProbesOfItsPreset(t *testing.T, image string) {
	t.Helper()
	annotations := map[string]string{}
	for word, value := range r.annotations {
		annotations[annotation.Key("", string(word))] = value
	}
	asked := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: r.profile, Annotations: annotations},
		Spec: corev1.PodSpec{
			// What is frozen cannot end by itself; nobody has to wait for it.
			TerminationGracePeriodSeconds: new(int64(1)),
			AutomountServiceAccountToken:  new(false),
			// The Services of a namespace would otherwise be variables that some software takes for its own.
			EnableServiceLinks: new(false),
			NodeName:           r.needNode(t).Nodes[0].Name,
			Containers: []corev1.Container{{
				Name: r.profile, Image: image, ImagePullPolicy: corev1.PullIfNotPresent, Args: r.args, Ports: r.ports,
			}},
		},
	}
	decided := decideAsCLI(t, asked)
	for _, injection := range decided.Injections {
		if injection.Profile != r.profile {
			t.Errorf("%s is from the profile %q", injection.Kind, injection.Profile)
		}
	}
	var err error
	if r.pod, err = r.client.CoreV1().Pods(r.namespace).Create(t.Context(), asked, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	want, got := map[probe.Kind]*corev1.Probe{}, injectedProbes(&r.pod.Spec.Containers[0])
	for _, injection := range decided.Injections {
		want[injection.Kind] = injection.Probe
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("its probes (-decided +injected):\n%s", diff)
	}
	if want[probe.Readiness] == nil {
		t.Fatalf("no readiness was decided: %s", decided.Status)
	}
	t.Logf("%s: %s", r.profile, r.pod.Annotations[annotation.StatusKey])
}

// decideAsCLI asks the engine as the CLI does.
func decideAsCLI(t *testing.T, pod *corev1.Pod) policy.Decision {
	t.Helper()
	manifest, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	var view workload.Pod
	if err := json.Unmarshal(manifest, &view); err != nil {
		t.Fatal(err)
	}
	return policy.Default("").Decide(policy.Subject{Pod: &view})
}

// injectedProbes are the probes that a container has.
func injectedProbes(c *corev1.Container) map[probe.Kind]*corev1.Probe {
	all := map[probe.Kind]*corev1.Probe{
		probe.Startup: c.StartupProbe, probe.Liveness: c.LivenessProbe, probe.Readiness: c.ReadinessProbe,
	}
	for kind, p := range all {
		if p == nil {
			delete(all, kind)
		}
	}
	return all
}

// becomesReady waits until the kubelet says so, and asks what the kubelet asks in the meantime.
func (r *presetRun) becomesReady(t *testing.T) {
	t.Helper()
	promised := promised(t, r.pod, r.profile, probe.Readiness)
	var answered time.Time
	ready, at := r.waitFor(t, r.namespace, r.profile, "is Ready", startTimeout+seconds(promised.ReadyWithin), func(pod *corev1.Pod) bool {
		if answered.IsZero() && statusOf(pod, r.profile).State.Running != nil && r.answers(t.Context(), pod) == nil {
			answered = time.Now()
		}
		return isReady(pod)
	})
	r.pod = ready
	if restarts := statusOf(ready, r.profile).RestartCount; restarts != 0 {
		t.Fatalf("%s was restarted %d times while it started", r.profile, restarts)
	}
	// A good answer before anybody asks counts from when somebody does.
	started := statusOf(ready, r.profile).State.Running.StartedAt
	if first := started.Add(seconds(promised.ReadyNotBefore)); answered.Before(first) {
		answered = first
	}
	if answered.After(at) {
		answered = at
	}
	r.expect(t, measured{r.profile, "Ready after the first good answer", at.Sub(answered), 0, seconds(promised.ReadyWithin)})
}

// answers asks what the readiness probe asks. Of gRPC only the port is asked, which is open no later than the first good
// answer.
func (r *presetRun) answers(ctx context.Context, pod *corev1.Pod) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	switch p := pod.Spec.Containers[0].ReadinessProbe; {
	case p.Exec != nil:
		_, err := r.tryKubectl(ctx, nil, append([]string{"exec", "--namespace", r.namespace, r.profile, "--"}, p.Exec.Command...)...)
		return err
	case p.HTTPGet != nil:
		return getURL(ctx, http.DefaultClient, "http://"+net.JoinHostPort(pod.Status.PodIP, r.probed(p))+p.HTTPGet.Path, http.StatusBadRequest)
	default:
		return connectTo(ctx, net.JoinHostPort(pod.Status.PodIP, r.probed(p)))
	}
}

// probed is the number of the port that a probe asks.
func (r *presetRun) probed(p *corev1.Probe) string {
	if p.GRPC != nil {
		return strconv.Itoa(int(p.GRPC.Port))
	}
	named := p.TCPSocket
	if p.HTTPGet != nil {
		named = &corev1.TCPSocketAction{Port: p.HTTPGet.Port}
	}
	for _, declared := range r.ports {
		if named.Port.StrVal != "" && declared.Name == named.Port.StrVal {
			return strconv.Itoa(int(declared.ContainerPort))
		}
	}
	return named.Port.String()
}

// isRestartedWhenItHangs makes the liveness probe fail, if there is one: by freezing the container where the probe needs
// an answer, else by closing its port.
func (r *presetRun) isRestartedWhenItHangs(t *testing.T) {
	t.Helper()
	liveness := r.pod.Spec.Containers[0].LivenessProbe
	if liveness == nil {
		return
	}
	promised := promised(t, r.pod, r.profile, probe.Liveness)
	open := func() {}
	var silent time.Time
	what := "restarted after it froze"
	if liveness.TCPSocket != nil {
		open, silent = r.closePort(t, r.probed(liveness))
		what = "restarted after its port closed"
	} else {
		silent = r.freeze(t, r.pod, r.profile)
	}
	restarted, _ := r.waitFor(t, r.namespace, r.profile, "is restarted", seconds(promised.Detection)+time.Minute, func(pod *corev1.Pod) bool {
		return statusOf(pod, r.profile).RestartCount > 0
	})
	open()
	terminated := statusOf(restarted, r.profile).LastTerminationState.Terminated
	if terminated == nil {
		t.Fatalf("nothing says how the container ended: %+v", statusOf(restarted, r.profile))
	}
	r.expect(t, measured{r.profile, what, terminated.FinishedAt.Sub(silent), seconds(promised.Tolerance), seconds(promised.Detection)})
	r.waitFor(t, r.namespace, r.profile, "is Ready again", startTimeout, func(pod *corev1.Pod) bool {
		return isReady(pod) && statusOf(pod, r.profile).RestartCount == 1
	})
}

// closePort lets the Pod's network refuse connections to a port, as the kernel does when nobody listens there, until the
// port is opened again.
func (r *presetRun) closePort(t *testing.T, port string) (open func(), closed time.Time) {
	t.Helper()
	processes, err := r.needNode(t).Processes(statusOf(r.pod, r.profile).ContainerID)
	if err != nil || len(processes) == 0 {
		t.Fatalf("%s has the processes %v: %v", r.profile, processes, err)
	}
	iptables := func(process int, action string) error {
		output, err := exec.CommandContext(context.WithoutCancel(t.Context()), "nsenter", "--target", strconv.Itoa(process), "--net",
			"iptables", action, "INPUT", "--protocol", "tcp", "--dport", port, "--jump", "REJECT", "--reject-with", "tcp-reset").CombinedOutput()
		if err != nil {
			return fmt.Errorf("iptables %s: %w: %s", action, err, output)
		}
		return nil
	}
	if err := iptables(processes[0], "--insert"); err != nil {
		t.Fatal(err)
	}
	return func() {
		// The container's processes are others now, in the same network.
		eventually(t, time.Minute, "the port is open again", func() error {
			current := statusOf(r.suite.pod(t, r.namespace, r.profile), r.profile).ContainerID
			processes, err := r.needNode(t).Processes(current)
			if err != nil || len(processes) == 0 {
				return fmt.Errorf("the container has the processes %v: %w", processes, err)
			}
			return iptables(processes[0], "--delete")
		})
	}, time.Now()
}
