package controlplane

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podTimeout is how long the controllers may take to make a Pod.
const podTimeout = 30 * time.Second

// WaitForPod returns the first Pod of a namespace that the label selector (such as "app=web") selects, as soon as there
// is one.
func (c *ControlPlane) WaitForPod(ctx context.Context, namespace, selector string) (*corev1.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, podTimeout)
	defer cancel()
	for {
		pods, err := c.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
		if err != nil {
			return nil, fmt.Errorf("waiting for a Pod with %s in %s: %w", selector, namespace, err)
		}
		if len(pods.Items) > 0 {
			return &pods.Items[0], nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}
