// Package sample is what the benchmark sends: a review that a kube-apiserver 1.36 sent for a Pod of a Deployment,
// recorded in review.json with its 4 KB object, and larger ones made of it.
package sample

import (
	_ "embed"
	"encoding/json"
	"fmt"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
)

// Path is where reviews of annotated Pods go, at our server and at those that it is compared with.
const Path = "/mutate/annotated"

//go:embed review.json
var recorded []byte

// Review is the recorded review, byte by byte as it was sent.
func Review() ([]byte, error) {
	review, pod, err := decode()
	if err != nil {
		return nil, err
	}
	return encode(review, pod)
}

// LargeReview is the recorded review of a Pod with more containers, each with as many environment variables. Only the
// first container declares ports, so that it is the one that probes are for.
func LargeReview(containers, variables int) ([]byte, error) {
	review, pod, err := decode()
	if err != nil {
		return nil, err
	}
	web := pod.Spec.Containers[0]
	web.Env = make([]corev1.EnvVar, variables)
	for i := range web.Env {
		web.Env[i] = corev1.EnvVar{Name: fmt.Sprintf("SETTING_%04d", i), Value: fmt.Sprintf("%04d", i)}
	}
	pod.Spec.Containers = []corev1.Container{web}
	for i := 1; i < containers; i++ {
		helper := *web.DeepCopy()
		helper.Name, helper.Ports = fmt.Sprintf("helper-%d", i), nil
		pod.Spec.Containers = append(pod.Spec.Containers, helper)
	}
	return encode(review, pod)
}

// Pod is the recorded Pod as a controller sends it to the API server: without what the API server adds before it asks
// webhooks and would have to take apart if it were there already.
func Pod() (*corev1.Pod, error) {
	_, pod, err := decode()
	if err != nil {
		return nil, err
	}
	pod.Namespace = ""
	pod.ManagedFields = nil
	return pod, nil
}

func decode() (*admissionv1.AdmissionReview, *corev1.Pod, error) {
	review := &admissionv1.AdmissionReview{}
	if err := json.Unmarshal(recorded, review); err != nil {
		return nil, nil, fmt.Errorf("reading the recorded review: %w", err)
	}
	pod := &corev1.Pod{}
	if err := json.Unmarshal(review.Request.Object.Raw, pod); err != nil {
		return nil, nil, fmt.Errorf("reading the recorded Pod: %w", err)
	}
	return review, pod, nil
}

func encode(review *admissionv1.AdmissionReview, pod *corev1.Pod) ([]byte, error) {
	object, err := json.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("writing the Pod: %w", err)
	}
	review.Request.Object.Raw = object
	body, err := json.Marshal(review)
	if err != nil {
		return nil, fmt.Errorf("writing the review: %w", err)
	}
	// The API server's encoder ends every object so.
	return append(body, '\n'), nil
}
