package e2e

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// pod returns a Pod as it is now.
func (s *suite) pod(t *testing.T, namespace, name string) *corev1.Pod {
	t.Helper()
	found, err := s.client.CoreV1().Pods(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// podsOf waits until a selector, such as "app=web", selects so many Pods, and returns them.
func (s *suite) podsOf(t *testing.T, namespace, selector string, count int) []corev1.Pod {
	t.Helper()
	var found []corev1.Pod
	eventually(t, time.Minute, fmt.Sprintf("%d Pods with %s", count, selector), func() error {
		list, err := s.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return err
		}
		if found = list.Items; len(found) != count {
			return fmt.Errorf("there are %d", len(found))
		}
		return nil
	})
	return found
}

// waitFor waits until a Pod is as it should be, and returns it with the moment at which that was seen.
func (s *suite) waitFor(
	t *testing.T, namespace, name, what string, timeout time.Duration, holds func(*corev1.Pod) bool,
) (*corev1.Pod, time.Time) {
	t.Helper()
	var found *corev1.Pod
	eventually(t, timeout, name+": "+what, func() error {
		if found = s.pod(t, namespace, name); !holds(found) {
			return fmt.Errorf("its containers are %s", summary(found))
		}
		return nil
	})
	return found, time.Now()
}

// summary is what matters of a Pod's status in one line.
func summary(pod *corev1.Pod) string {
	text := ""
	for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		text += fmt.Sprintf("%s(ready %t, %d restarts) ", status.Name, status.Ready, status.RestartCount)
	}
	return text
}

// isReady reports whether a Pod is Ready.
func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// statusOf is the status of one of a Pod's containers, of native sidecars too. It is empty before there is one.
func statusOf(pod *corev1.Pod, container string) corev1.ContainerStatus {
	for _, status := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
		if status.Name == container {
			return status
		}
	}
	return corev1.ContainerStatus{}
}

// containerOf is one of a Pod's containers, native sidecars included.
func containerOf(t *testing.T, pod *corev1.Pod, name string) *corev1.Container {
	t.Helper()
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			if containers[i].Name == name {
				return &containers[i]
			}
		}
	}
	t.Fatalf("the Pod %s has no container %s", pod.Name, name)
	return nil
}

// promised is what the engine prints about a probe of a running Pod. It ends the test if the probe is not there.
func promised(t *testing.T, pod *corev1.Pod, container string, kind probe.Kind) policy.Guarantee {
	t.Helper()
	c := containerOf(t, pod, container)
	p := map[probe.Kind]*corev1.Probe{
		probe.Liveness: c.LivenessProbe, probe.Readiness: c.ReadinessProbe, probe.Startup: c.StartupProbe,
	}[kind]
	if p == nil {
		t.Fatalf("the container %s of %s has no %s probe; status: %q", container, pod.Name, kind, pod.Annotations["probe-injector.dev/status"])
	}
	startup := c.StartupProbe
	if kind == probe.Startup {
		startup = nil
	}
	injection := policy.ReadInjection(policy.ContainerRef{Name: container}, kind, p, startup)
	return injection.Guarantee()
}

// freeze stops all processes of a container with SIGSTOP: its ports stay open and nothing answers. Whatever comes
// afterwards is killed by the kubelet, which SIGSTOP does not prevent.
func (s *suite) freeze(t *testing.T, pod *corev1.Pod, container string) time.Time {
	t.Helper()
	processes, err := s.needNode(t).Processes(statusOf(pod, container).ContainerID)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range processes {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatalf("freezing process %d of %s: %v", pid, container, err)
		}
	}
	return time.Now()
}

// seconds is a figure of a guarantee as a duration.
func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

// endOf returns when the container before the one that runs now ended.
func endOf(t *testing.T, status corev1.ContainerStatus) time.Time {
	t.Helper()
	if last := status.LastTerminationState.Terminated; last != nil {
		return last.FinishedAt.Time
	}
	if status.State.Running == nil {
		t.Fatalf("nothing says how the container ended: %+v", status)
	}
	// Once a minute the kubelet removes all ended containers but the newest, and takes one that is created and does not
	// run yet for ended, so that the one before may be gone (pkg/kubelet/kuberuntime: evictableContainers). The next one
	// starts soon after its end.
	return status.State.Running.StartedAt.Time
}
