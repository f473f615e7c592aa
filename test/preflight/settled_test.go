package preflight

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// settled waits until the controllers of a namespace have seen every workload as it is, and made the Pods for it.
func (c *cluster) settled(t *testing.T, namespace string) {
	t.Helper()
	c.eventually(t, "the controllers have nothing to do", func(ctx context.Context) error {
		deployments, err := c.Client().AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range deployments.Items {
			if d := &deployments.Items[i]; d.Status.ObservedGeneration != d.Generation || unfinished(d) {
				return fmt.Errorf("the Deployment %s: %+v", d.Name, d.Status)
			}
		}
		sets, err := c.Client().AppsV1().ReplicaSets(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range sets.Items {
			if s := &sets.Items[i]; s.Status.ObservedGeneration != s.Generation || s.Status.Replicas != *s.Spec.Replicas {
				return fmt.Errorf("the ReplicaSet %s: %+v", s.Name, s.Status)
			}
		}
		return nil
	})
}

// unfinished reports whether a rollout could go on: there is no node, so that no Pod of a new template is ever ready and the
// rollout stops there, with the new Pods made.
func unfinished(d *appsv1.Deployment) bool {
	return d.Status.UpdatedReplicas == 0 && *d.Spec.Replicas > 0
}
