package resilience

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// TestAllOurPodsDeletedUnderFailComeBack deletes all Pods of the webhook while its failurePolicy is Fail, so that other
// Pods are refused. The real controllers make ours again, because no entry sees them, and nobody has to help. The
// installation itself is the same case: the configuration is there before the first server.
func TestAllOurPodsDeletedUnderFailComeBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t, controlplane.Options{Controllers: true})
	r := c.prepare(t, plan{values: "webhook: {failurePolicy: Fail}", replicas: 2})

	installed := time.Now()
	r.apply(t)
	first := r.runsOnceThereArePods(t, nil)
	figure(t, "installed under Fail, the configuration first: Pods get their probes after %v", time.Since(installed).Round(time.Millisecond))

	r.deleteAllPods(t)
	deleted := time.Now()
	a := r.attempt(t.Context(), asking())
	if a.err == nil {
		t.Error("a Pod that asks is admitted under Fail although no server runs")
	} else if !strings.Contains(a.err.Error(), "annotated.probe-injector.dev") {
		t.Errorf("its user reads: %v", a.err)
	}
	if a := r.attempt(t.Context(), owned(plain)); a.err != nil {
		t.Errorf("a Pod that does not ask is refused: %v", a.err)
	}
	for _, namespace := range []string{r.plan.namespace, plain} {
		if err := r.createOwn(t, namespace); err != nil {
			t.Errorf("one of our own Pods is refused in the namespace %s: %v", namespace, err)
		}
	}

	r.runsOnceThereArePods(t, first)
	figure(t, "all our Pods deleted under Fail: Pods get their probes again after %v", time.Since(deleted).Round(time.Millisecond))
}

// runsOnceThereArePods waits until the controllers have made all Pods of the Deployment, none of which is one of those
// before, runs a server for each as the kubelet would, and waits until Pods get their probes. It returns the Pods' UIDs.
func (r *release) runsOnceThereArePods(t *testing.T, before []types.UID) []types.UID {
	t.Helper()
	var made []types.UID
	eventually(t, "the controllers have made our Pods", func() error {
		pods, err := r.Client().CoreV1().Pods(r.plan.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "probe-injector.dev/component=webhook"})
		if err != nil {
			return err
		}
		made = nil
		for _, pod := range pods.Items {
			if !slices.Contains(before, pod.UID) {
				made = append(made, pod.UID)
			}
		}
		if len(made) != r.plan.replicas {
			return fmt.Errorf("there are %d, not %d", len(made), r.plan.replicas)
		}
		return nil
	})
	r.startAll(t)
	r.works(t)
	return made
}

// deleteAllPods deletes all Pods of the webhook, with their servers and endpoints.
func (r *release) deleteAllPods(t *testing.T) {
	t.Helper()
	err := r.Client().CoreV1().Pods(r.plan.namespace).DeleteCollection(t.Context(), metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))}, metav1.ListOptions{})
	for _, s := range r.running() {
		err = errors.Join(err, s.Kill(), r.unpublish(t.Context(), s.Address()), r.forget(s))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// createOwn creates a Pod of our Deployment on dry run, with an annotation of ours on it as well.
func (r *release) createOwn(t *testing.T, namespace string) error {
	t.Helper()
	deployment, err := r.rendered.Deployment()
	if err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: deployment.Spec.Template.ObjectMeta, Spec: deployment.Spec.Template.Spec}
	pod.GenerateName, pod.Spec.ServiceAccountName = "own-", ""
	pod.Annotations = map[string]string{"probe-injector.dev/inject": "true"}
	_, err = r.Client().CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}
