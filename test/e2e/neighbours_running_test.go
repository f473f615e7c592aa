package e2e

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/images"
)

// lateTarget is a Pod that asks by annotations and really runs. It is ready ten seconds after it started.
func lateTarget(annotations map[string]string) *corev1.Pod {
	pod := asking(annotations)
	pod.Spec.Containers[0].Image = "localhost/target:1"
	pod.Spec.Containers[0].Args = []string{"--ready-after=10s"}
	pod.Spec.TerminationGracePeriodSeconds = new(int64(1))
	return pod
}

// TestFullNeighboursBesideRunningContainers runs what the order of webhooks makes of a Pod.
func TestFullNeighboursBesideRunningContainers(t *testing.T) {
	t.Parallel()
	theSuite.installed(t)
	theSuite.load(t, images.Target)
	n := theSuite.startNeighbour(t, changes())
	for name, test := range map[string]struct {
		registration
		annotations map[string]string
		// added is the container that the neighbour adds.
		added string
	}{
		"a container that came after us":                {registration{afterUs, "agent", never}, paths(), "agent"},
		"a mesh that took over our probes":              {registration{afterUs, "istio", never}, paths(), "istio-proxy"},
		"a mesh's native sidecar that took them over":   {registration{afterUs, "istio-native", never}, paths(), "istio-proxy"},
		"a known sidecar that came before us":           {registration{beforeUs, "envoy", never}, paths(), "envoy-sidecar"},
		"Linkerd, which came before us and passes http": {registration{beforeUs, "linkerd-native", never}, paths(), "linkerd-proxy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := n.suite.namespace(t, "beside", restricted())
			n.register(t, namespace, test.registration)
			created, err := n.client.CoreV1().Pods(namespace).Create(t.Context(), lateTarget(test.annotations), metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			n.becomesReadyBeside(t, name, created, test.added)
			n.restartsOnlyTheBroken(t, name, created, test.added)
		})
	}
}

// becomesReadyBeside follows a Pod until both of its containers are ready: not before the main one says so, and soon
// after.
func (n *neighbour) becomesReadyBeside(t *testing.T, subject string, created *corev1.Pod, added string) {
	t.Helper()
	readiness := promised(t, created, "web", probe.Readiness)
	started, _ := n.waitFor(t, created.Namespace, created.Name, "both run", time.Minute, func(pod *corev1.Pod) bool {
		return statusOf(pod, "web").State.Running != nil && statusOf(pod, added).State.Running != nil
	})
	if statusOf(started, "web").Ready {
		t.Errorf("web is ready when it starts, and should be ten seconds later")
	}
	// Times of a container's status are cut to the second.
	readyAt := statusOf(started, "web").State.Running.StartedAt.Add(10 * time.Second)
	_, seen := n.waitFor(t, created.Namespace, created.Name, "is Ready", time.Minute, isReady)
	n.expect(t, measured{subject, "Ready after the first good answer", seen.Sub(readyAt), 0, seconds(readiness.ReadyWithin)})
	if !seen.After(readyAt) {
		t.Errorf("it was Ready at %s, and could not be before %s", seen, readyAt)
	}
}

// restartsOnlyTheBroken makes the main container fail its liveness probe and follows the Pod until it is Ready again.
func (n *neighbour) restartsOnlyTheBroken(t *testing.T, subject string, created *corev1.Pod, added string) {
	t.Helper()
	liveness := promised(t, created, "web", probe.Liveness)
	if _, err := n.ask(t.Context(), created.Namespace, created.Name, 8000, "/break"); err != nil {
		t.Fatal(err)
	}
	broken := time.Now()
	restarted, _ := n.waitFor(t, created.Namespace, created.Name, "is restarted", seconds(liveness.Detection)+time.Minute,
		func(pod *corev1.Pod) bool { return statusOf(pod, "web").LastTerminationState.Terminated != nil })
	ended := statusOf(restarted, "web").LastTerminationState.Terminated.FinishedAt
	n.expect(t, measured{
		subject, "restarted after /break", ended.Sub(broken), seconds(liveness.Tolerance), seconds(liveness.Detection),
	})
	again, _ := n.waitFor(t, created.Namespace, created.Name, "is Ready again", time.Minute, func(pod *corev1.Pod) bool {
		return statusOf(pod, "web").RestartCount > 0 && isReady(pod)
	})
	if statusOf(again, "web").RestartCount != 1 || statusOf(again, added).RestartCount != 0 {
		t.Errorf("web should have been restarted once, and %s not: %s", added, summary(again))
	}
}
