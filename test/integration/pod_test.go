package integration

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// pod is what matters to the selection of a Pod. The zero value has one container without probes.
type pod struct {
	annotations, labels map[string]string
	// containers are the Pod's containers; one if there are none.
	containers []corev1.Container
	// node is set on Pods that need no scheduler: mirror Pods have to name theirs.
	node string
}

// body is the Pod as a client sends it, without what an empty Go struct would add.
func (p pod) body(name string) ([]byte, error) {
	containers := p.containers
	if containers == nil {
		containers = manyContainers(1)
	}
	minimal := make([]map[string]any, 0, len(containers))
	for _, container := range containers {
		fields := map[string]any{"name": container.Name, "image": container.Image}
		if container.ReadinessProbe != nil {
			fields["readinessProbe"] = container.ReadinessProbe
		}
		if container.LivenessProbe != nil {
			fields["livenessProbe"] = container.LivenessProbe
		}
		minimal = append(minimal, fields)
	}
	return json.Marshal(map[string]any{
		"apiVersion": "v1",
		"kind":       "Pod",
		"metadata":   map[string]any{"name": name, "annotations": p.annotations, "labels": p.labels},
		"spec":       map[string]any{"containers": minimal, "nodeName": p.node},
	})
}

// create sends the Pod through the whole of admission without storing it, so names can be used again.
func (p pod) create(ctx context.Context, plane *controlplane.ControlPlane, namespace, name string) error {
	body, err := p.body(name)
	if err != nil {
		return fmt.Errorf("writing the Pod %s: %w", name, err)
	}
	return dryRun(ctx, plane, namespace, body)
}

// dryRun creates a Pod, given as JSON, on dry run.
func dryRun(ctx context.Context, plane *controlplane.ControlPlane, namespace string, body []byte) error {
	return plane.Client().CoreV1().RESTClient().Post().
		Namespace(namespace).Resource("pods").Param("dryRun", metav1.DryRunAll).
		SetHeader("Content-Type", "application/json").Body(body).
		Do(ctx).Error()
}

// manyAnnotations returns n annotations that are none of ours, with keys as short as they can be.
func manyAnnotations(n int) map[string]string {
	annotations := make(map[string]string, n)
	for i := range n {
		annotations[fmt.Sprintf("a%d", i)] = ""
	}
	return annotations
}

// with adds one annotation to a set.
func with(annotations map[string]string, key, value string) map[string]string {
	annotations[key] = value
	return annotations
}

// manyContainers returns n containers without probes.
func manyContainers(n int) []corev1.Container {
	containers := make([]corev1.Container, 0, n)
	for i := range n {
		containers = append(containers, corev1.Container{Name: fmt.Sprintf("c%d", i), Image: "i"})
	}
	return containers
}

// readyContainers returns n containers with a readiness probe.
func readyContainers(n int) []corev1.Container {
	containers := manyContainers(n)
	for i := range containers {
		containers[i].ReadinessProbe = probed(true, false)[0].ReadinessProbe
	}
	return containers
}
