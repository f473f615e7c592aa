package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// frozenEnd is how long the kubelet waits at least between SIGTERM, which a frozen process does not see, and SIGKILL
// (pkg/kubelet/kuberuntime: minimumGracePeriodInSeconds). A probe has acted before.
const frozenEnd = 2 * time.Second

// probed is a running Pod whose container is tested.
type probed struct {
	*suite
	// subject is what the case is called.
	subject, status            string
	namespace, name, container string
}

// probe creates the Pod of a case and looks at what was injected.
func (s *suite) probe(t *testing.T, namespace string, c handlerCase) *probed {
	t.Helper()
	pod := c.pod.DeepCopy()
	pod.GenerateName = "target-"
	created, err := s.client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("its Pod is %s", created.Name)
	status, _, _ := strings.Cut(created.Annotations["probe-injector.dev/status"], " (")
	if status != c.status {
		t.Errorf("the status is\n%s, want\n%s", status, c.status)
	}
	if listed := regexp.MustCompile("; up to [^|]*[0-9]s").ReplaceAllString(status, ""); listed != probesAsListed(created) {
		t.Errorf("the status lists\n%s, the Pod has\n%s", listed, probesAsListed(created))
	}
	return &probed{
		suite: s, subject: c.name, status: c.status,
		namespace: namespace, name: created.Name, container: cmp.Or(c.container, "web"),
	}
}

// probesAsListed lists the probes that the Pod has in the words of the status. Ports are as the Pod has them, so that a name
// where there should be a number is a difference.
func probesAsListed(pod *corev1.Pod) string {
	var containers []string
	for _, c := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
		handler := func(kind probe.Kind, p *corev1.Probe) string {
			read := policy.ReadInjection(policy.ContainerRef{Name: c.Name}, kind, p, nil)
			return read.Handler.String()
		}
		var list []string
		if c.StartupProbe != nil && c.LivenessProbe != nil && handler(probe.Startup, c.StartupProbe) == handler(probe.Liveness, c.LivenessProbe) {
			list = append(list, "startup+liveness "+handler(probe.Liveness, c.LivenessProbe))
		} else {
			if c.StartupProbe != nil {
				list = append(list, "startup "+handler(probe.Startup, c.StartupProbe))
			}
			if c.LivenessProbe != nil {
				list = append(list, "liveness "+handler(probe.Liveness, c.LivenessProbe))
			}
		}
		if c.ReadinessProbe != nil {
			list = append(list, "readiness "+handler(probe.Readiness, c.ReadinessProbe))
		}
		if len(list) > 0 {
			containers = append(containers, c.Name+": "+strings.Join(list, ", "))
		}
	}
	return strings.Join(containers, " | ")
}

// now is the Pod as it is.
func (p *probed) now(t *testing.T) *corev1.Pod {
	t.Helper()
	return p.pod(t, p.namespace, p.name)
}

// promise is what the engine prints about a probe of the tested container.
func (p *probed) promise(t *testing.T, kind probe.Kind) policy.Guarantee {
	t.Helper()
	return promised(t, p.now(t), p.container, kind)
}

// restarts counts how often the tested container was restarted. It ends the test if another one was.
func (p *probed) restarts(t *testing.T, pod *corev1.Pod) int32 {
	t.Helper()
	for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		if status.Name != p.container && status.RestartCount > 0 {
			t.Fatalf("%s was restarted, %s is tested: %s", status.Name, p.container, summary(pod))
		}
	}
	return statusOf(pod, p.container).RestartCount
}

// targetState is what a target says of itself.
type targetState struct{ Alive, Ready, Started bool }

// tell has the tested container do something, and returns what it says and when that was done.
func (p *probed) tell(t *testing.T, what string) (targetState, time.Time) {
	t.Helper()
	state, err := p.tryTell(t, what)
	if err != nil {
		t.Fatal(err)
	}
	return state, time.Now()
}

func (p *probed) tryTell(t *testing.T, what string) (targetState, error) {
	port := 8000
	if p.container == "admin" {
		port = 8001
	}
	var state targetState
	text, err := p.ask(t.Context(), p.namespace, p.name, port, what)
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		return state, fmt.Errorf("reading what %s says: %w", p.name, err)
	}
	return state, nil
}

// becomesReady watches the start: not Ready while the readiness probe gets no good answer, Ready soon after the first,
// and not restarted meanwhile.
func (p *probed) becomesReady(t *testing.T) {
	answered := p.firstGoodAnswer(t)
	readiness := p.promise(t, probe.Readiness)
	started := statusOf(p.now(t), p.container).State.Running.StartedAt.Time
	// A probe that waits, waits from the start of the container. The kubelet writes times cut to the second.
	if delayed := started.Add(time.Second + seconds(p.delay(t))); answered.Before(delayed) {
		answered = delayed
	}
	pod, seen := p.waitFor(t, p.namespace, p.name, "is Ready", seconds(readiness.ReadyWithin)+time.Minute, isReady)
	p.expect(t, measured{p.subject, "Ready after the first good answer", seen.Sub(answered), 0, seconds(readiness.ReadyWithin)})
	if restarts := p.restarts(t, pod); restarts != 0 {
		t.Errorf("it was restarted %d times while it started", restarts)
	}
}

// firstGoodAnswer waits until the target is ready. The Pod is looked at first: once ready, the target stays so, and a Pod
// that was Ready before was Ready too early.
func (p *probed) firstGoodAnswer(t *testing.T) time.Time {
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		pod := p.now(t)
		if state, err := p.tryTell(t, "/state"); err == nil && state.Ready {
			return time.Now()
		}
		if isReady(pod) {
			t.Fatalf("%s is Ready and does not answer so", p.name)
		}
		if time.Since(begin) > 2*time.Minute {
			t.Fatalf("%s never answered: %s", p.name, summary(pod))
		}
	}
}

// delay is the longest initialDelaySeconds of the tested container.
func (p *probed) delay(t *testing.T) int32 {
	t.Helper()
	c := containerOf(t, p.now(t), p.container)
	if c.StartupProbe == nil {
		return c.ReadinessProbe.InitialDelaySeconds
	}
	return max(c.ReadinessProbe.InitialDelaySeconds, c.StartupProbe.InitialDelaySeconds)
}

// leavesRotationWithoutARestart makes only readiness fail: the Pod stops being Ready in time, is not restarted for as
// long as a failing liveness probe would take, and is Ready again when readiness answers.
func (p *probed) leavesRotationWithoutARestart(t *testing.T) {
	before := p.restarts(t, p.now(t))
	_, unready := p.tell(t, "/unready")
	p.stopsBeingReady(t, "/unready", unready)
	for end := unready.Add(seconds(p.promise(t, probe.Liveness).Detection) + slack); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		if pod := p.now(t); isReady(pod) || p.restarts(t, pod) != before {
			t.Fatalf("while only readiness fails: Ready %t, %s", isReady(pod), summary(pod))
		}
	}
	_, answered := p.tell(t, "/ready")
	readiness := p.promise(t, probe.Readiness)
	_, seen := p.waitFor(t, p.namespace, p.name, "is Ready again", time.Minute, isReady)
	p.expect(t, measured{p.subject, "Ready again after /ready", seen.Sub(answered), 0, seconds(readiness.ReadyWithin)})
}

// stopsBeingReady measures how long it takes until the Pod is out of rotation.
func (p *probed) stopsBeingReady(t *testing.T, why string, since time.Time) {
	t.Helper()
	readiness := p.promise(t, probe.Readiness)
	_, seen := p.waitFor(t, p.namespace, p.name, "is not Ready", seconds(readiness.Detection)+time.Minute, func(pod *corev1.Pod) bool {
		return !isReady(pod)
	})
	p.expect(t, measured{
		p.subject, "not Ready after " + why, seen.Sub(since), seconds(readiness.Tolerance), seconds(readiness.Detection),
	})
}

// isRestarted makes liveness fail, and follows the container until it is Ready again.
func (p *probed) isRestarted(t *testing.T) {
	_, broken := p.tell(t, "/break")
	p.restartsIn(t, "/break", broken, 0)
	p.isReadyAgain(t)
}

// isRestartedWhenItsPortCloses is what a tcp probe finds. Both probes ask the same, so the Pod is out of rotation first.
func (p *probed) isRestartedWhenItsPortCloses(t *testing.T) {
	_, broken := p.tell(t, "/close-tcp")
	p.stopsBeingReady(t, "/close-tcp", broken)
	p.restartsIn(t, "/close-tcp", broken, 0)
	p.isReadyAgain(t)
}

// isRestartedWhenItHangs is what a tcp probe does not find. The target itself hangs; its ports stay open.
func (p *probed) isRestartedWhenItHangs(t *testing.T) {
	_, broken := p.tell(t, "/hang")
	p.stopsBeingReady(t, "/hang", broken)
	p.restartsIn(t, "/hang", broken, 0)
	p.isReadyAgain(t)
}

// isRestartedWhenFrozen is the same for a process that can do nothing at all.
func (p *probed) isRestartedWhenFrozen(t *testing.T) {
	broken := p.freeze(t, p.now(t), p.container)
	p.stopsBeingReady(t, "SIGSTOP", broken)
	p.restartsIn(t, "SIGSTOP", broken, frozenEnd)
	p.isReadyAgain(t)
}

// isNotSeenWhenFrozen is what we print of tcp: the kernel accepts connections for a process that hangs.
func (p *probed) isNotSeenWhenFrozen(t *testing.T) {
	liveness := p.promise(t, probe.Liveness)
	if liveness.Detects != policy.DetectsClosedPort {
		t.Fatalf("the probe finds %s", liveness.Detects)
	}
	frozen := p.freeze(t, p.now(t), p.container)
	for end := frozen.Add(seconds(liveness.Detection) + slack); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		if pod := p.now(t); !isReady(pod) || p.restarts(t, pod) != 0 {
			t.Fatalf("a hang was seen: Ready %t, %s", isReady(pod), summary(pod))
		}
	}
}

// restartsIn measures how long it takes until the container is ended, less what it takes to end it.
func (p *probed) restartsIn(t *testing.T, why string, since time.Time, end time.Duration) {
	t.Helper()
	liveness := p.promise(t, probe.Liveness)
	ended := p.ended(t, seconds(liveness.Detection))
	p.expect(t, measured{
		p.subject, "restarted after " + why, ended.Sub(since) - end, seconds(liveness.Tolerance), seconds(liveness.Detection),
	})
}

// ended waits for the first restart of the tested container, and returns when it ended before.
func (p *probed) ended(t *testing.T, within time.Duration) time.Time {
	t.Helper()
	pod, _ := p.waitFor(t, p.namespace, p.name, "is restarted", within+time.Minute, func(pod *corev1.Pod) bool {
		return p.restarts(t, pod) > 0
	})
	return endOf(t, statusOf(pod, p.container))
}

// isReadyAgain follows the container after its restart, which is the only one.
func (p *probed) isReadyAgain(t *testing.T) {
	t.Helper()
	p.waitFor(t, p.namespace, p.name, "is Ready again", time.Minute, func(pod *corev1.Pod) bool {
		return isReady(pod) && p.restarts(t, pod) == 1
	})
}

// isRestartedThoughItNeverStarted lets a container fail to start, which is no hang but ends in the same way.
func (p *probed) isRestartedThoughItNeverStarted(t *testing.T) {
	kind := probe.Startup
	if containerOf(t, p.now(t), p.container).StartupProbe == nil {
		kind = probe.Liveness
	}
	guarantee := p.promise(t, kind)
	pod, _ := p.waitFor(t, p.namespace, p.name, "runs", time.Minute, func(pod *corev1.Pod) bool {
		return statusOf(pod, p.container).State.Running != nil
	})
	started := statusOf(pod, p.container).State.Running.StartedAt.Time
	ended := p.ended(t, seconds(guarantee.KillBy))
	p.expect(t, measured{
		p.subject, "restarted, never started", ended.Sub(started), seconds(guarantee.KillNotBefore), seconds(guarantee.KillBy),
	})
}

// holdsNobodyBack shows why a native sidecar gets no startup probe unless somebody writes one: what comes after it
// starts, though it does not answer yet.
func (p *probed) holdsNobodyBack(t *testing.T) {
	p.waitFor(t, p.namespace, p.name, "the main container runs", time.Minute, func(pod *corev1.Pod) bool {
		return statusOf(pod, "web").State.Running != nil
	})
	if state, _ := p.tell(t, "/state"); state.Alive {
		t.Error("the main container started only after the sidecar answered")
	}
}

// hasHeldBackTheOthers shows the order of a Pod whose native sidecar has a startup probe.
func (p *probed) hasHeldBackTheOthers(t *testing.T) {
	pod := p.now(t)
	sidecar, main := statusOf(pod, p.container).State.Running, statusOf(pod, "web").State.Running
	if sidecar == nil || main == nil {
		t.Fatalf("one of the containers does not run: %s", summary(pod))
	}
	// The target opens its ports after four seconds; both times are cut to the second.
	if held := main.StartedAt.Sub(sidecar.StartedAt.Time); held < 3*time.Second {
		t.Errorf("the main container started %s after its sidecar, whose start takes longer", held)
	}
}

// isExplained shows what a user sees of a restart: kubectl describe says what was injected, what failed and what
// followed from that.
func (p *probed) isExplained(t *testing.T) {
	text := p.kubectl(t, "describe", "pod", p.name, "--namespace", p.namespace)
	for _, sentence := range []string{
		p.status,
		"Readiness probe failed: HTTP probe failed with statuscode: 503",
		"Liveness probe failed: HTTP probe failed with statuscode: 503",
		"Container web failed liveness probe, will be restarted",
	} {
		if !strings.Contains(text, sentence) {
			t.Errorf("kubectl describe does not say %q:\n%s", sentence, text)
		}
	}
}
