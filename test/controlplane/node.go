package controlplane

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AddNode adds a Node, because a DaemonSet makes a Pod for each. The API server taints it as one whose kubelet has not
// reported yet; no kubelet ever will, and DaemonSets wait for that, so that the taint is taken off.
func (c *ControlPlane) AddNode(ctx context.Context, name string) error {
	nodes := c.Client().CoreV1().Nodes()
	node, err := nodes.Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating the Node %s: %w", name, err)
	}
	node.Spec.Taints = nil
	if _, err := nodes.Update(ctx, node, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("taking the taint off the Node %s: %w", name, err)
	}
	return nil
}
