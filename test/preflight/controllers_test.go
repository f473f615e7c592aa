package preflight

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestControllersGoOn stores a workload with mistakes of every kind, chooses Deny, and lets the real controllers do all that
// somebody else's change makes them do: our server is asked about the change, never about what follows from it.
func TestControllersGoOn(t *testing.T) {
	c := newCluster(t)
	c.install(t, `{preflight: {plan: Never}}`)
	mistakes := and(rightKeys, wrongValue, wrongOther, `app.probe-injector.dev/readiness: "http:8080/readyz"`)
	c.must(t, deployment("before", misplaced, mistakes, "a:1"), "apply", "-n", shop, "-f", "-")
	c.rolledOut(t, "before", 1)
	c.install(t, `{preflight: {mode: Deny}}`)
	calls := c.calls(t, "preflight")
	for _, s := range []struct {
		what  string
		args  []string
		calls int
		// replicas is how many there are afterwards.
		replicas int32
	}{
		{"an autoscaler asks for more", []string{"autoscale", "deployment", "before", "--min=3", "--max=4"}, 0, 3},
		{"another image", []string{"set", "image", "deployment", "before", "app=a:2"}, 1, 3},
		{"a restart", []string{"rollout", "restart", "deployment", "before"}, 1, 3},
		{"back to the template before", []string{"rollout", "undo", "deployment", "before"}, 1, 3},
	} {
		c.must(t, "", append(s.args, "-n", shop)...)
		c.rolledOut(t, "before", s.replicas)
		calls += s.calls
		if got := c.calls(t, "preflight"); got != calls {
			t.Errorf("%s: %d calls, not %d", s.what, got, calls)
		}
	}
}

// rolledOut waits until all replicas of a Deployment are of its template and ready, which Pods without a node are because this
// says so.
func (c *cluster) rolledOut(t *testing.T, name string, replicas int32) {
	t.Helper()
	c.eventually(t, "the rollout is complete", func(ctx context.Context) error {
		if err := c.playKubelet(ctx, shop); err != nil {
			return err
		}
		d, err := c.Client().AppsV1().Deployments(shop).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s := d.Status
		if *d.Spec.Replicas != replicas || s.ObservedGeneration != d.Generation || s.Replicas != replicas || s.UpdatedReplicas != replicas || s.AvailableReplicas != replicas {
			return fmt.Errorf("%d replicas are wanted: %+v", *d.Spec.Replicas, s)
		}
		return nil
	})
	c.must(t, "", "rollout", "status", "deployment", name, "-n", shop, "--timeout=5s")
}

// playKubelet says of all Pods of a namespace that they are ready.
func (c *cluster) playKubelet(ctx context.Context, namespace string) error {
	client := c.Client().CoreV1().Pods(namespace)
	pods, err := client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Status.Phase == corev1.PodRunning {
			continue
		}
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}}
		if _, err := client.UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	return nil
}
