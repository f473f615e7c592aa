package sample

import (
	"encoding/json"
	"fmt"
	"maps"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
)

// Changes are what a webhook adds to a Pod, as Go values.
type Changes struct {
	// Annotations of the Pod.
	Annotations map[string]string
	// Containers by name.
	Containers map[string]Probes
}

// Probes are those that a container gets.
type Probes struct {
	Startup, Liveness, Readiness *corev1.Probe
}

// Apply adds the changes to a Pod.
func (c *Changes) Apply(pod *corev1.Pod) {
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	maps.Copy(pod.Annotations, c.Annotations)
	for i := range pod.Spec.Containers {
		container := &pod.Spec.Containers[i]
		probes := c.Containers[container.Name]
		container.StartupProbe = first(container.StartupProbe, probes.Startup)
		container.LivenessProbe = first(container.LivenessProbe, probes.Liveness)
		container.ReadinessProbe = first(container.ReadinessProbe, probes.Readiness)
	}
}

// first is the probe that a container has, or else the one that it gets.
func first(has, gets *corev1.Probe) *corev1.Probe {
	if has != nil {
		return has
	}
	return gets
}

// ChangesOf returns what a webhook has added to the Pod of a review: to annotations and to probes.
func ChangesOf(body []byte, patched *corev1.Pod) (*Changes, error) {
	before, err := podOf(body)
	if err != nil {
		return nil, err
	}
	changes := &Changes{Annotations: map[string]string{}, Containers: map[string]Probes{}}
	for key, value := range patched.Annotations {
		if before.Annotations[key] != value {
			changes.Annotations[key] = value
		}
	}
	for _, container := range patched.Spec.Containers {
		changes.Containers[container.Name] = Probes{
			Startup: container.StartupProbe, Liveness: container.LivenessProbe, Readiness: container.ReadinessProbe,
		}
	}
	return changes, nil
}

// Patch returns the JSON patch of an answer, which has to be one that the API server would take.
func Patch(answer []byte) ([]byte, error) {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(answer, &review); err != nil {
		return nil, fmt.Errorf("reading an answer: %w", err)
	}
	response := review.Response
	if response == nil || !response.Allowed || len(response.Patch) == 0 {
		return nil, fmt.Errorf("the answer allows nothing or changes nothing: %s", answer)
	}
	return response.Patch, nil
}

// Patched is the Pod of a review with a JSON patch applied, as the API server would go on with it.
func Patched(body, patch []byte) (*corev1.Pod, error) {
	var review admissionv1.AdmissionReview
	if err := json.Unmarshal(body, &review); err != nil {
		return nil, fmt.Errorf("reading a review: %w", err)
	}
	operations, err := jsonpatch.DecodePatch(patch)
	if err != nil {
		return nil, fmt.Errorf("reading a patch: %w", err)
	}
	changed, err := operations.Apply(review.Request.Object.Raw)
	if err != nil {
		return nil, fmt.Errorf("applying a patch: %w", err)
	}
	pod := &corev1.Pod{}
	if err := json.Unmarshal(changed, pod); err != nil {
		return nil, fmt.Errorf("reading a patched Pod: %w", err)
	}
	return pod, nil
}

func podOf(body []byte) (*corev1.Pod, error) {
	return Patched(body, []byte("[]"))
}
