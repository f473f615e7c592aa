package sample

import (
	"encoding/json"
	"fmt"
	"maps"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/probe-injector/probe-injector/policy/annotation"
)

// PreflightPath is where reviews of workloads go at our server.
const PreflightPath = "/preflight"

// Deployment is one whose template the recorded Pod was made of.
func Deployment() (*appsv1.Deployment, error) {
	pod, err := Pod()
	if err != nil {
		return nil, err
	}
	selected := map[string]string{"app": "web"}
	labels := maps.Clone(selected)
	maps.Copy(labels, pod.Labels)
	labels["app"] = "web"
	annotations := maps.Clone(pod.Annotations)
	delete(annotations, annotation.StatusKey)
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: selected},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(2)),
			Selector: &metav1.LabelSelector{MatchLabels: selected},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: annotations}, Spec: pod.Spec},
		},
	}, nil
}

// WorkloadReview is the review of a Deployment that is created, or that was another before.
func WorkloadReview(before, after *appsv1.Deployment) ([]byte, error) {
	review, _, err := decode()
	if err != nil {
		return nil, err
	}
	resource := metav1.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	kind := metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	r := review.Request
	r.Kind, r.RequestKind, r.Resource, r.RequestResource = kind, &kind, resource, &resource
	r.Name, r.Operation = after.Name, admissionv1.Create
	if r.Object, err = raw(after); err != nil {
		return nil, err
	}
	if before != nil {
		r.Operation, r.Options = admissionv1.Update, runtime.RawExtension{Raw: []byte(`{"kind":"UpdateOptions","apiVersion":"meta.k8s.io/v1"}`)}
		if r.OldObject, err = raw(before); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(review)
	if err != nil {
		return nil, fmt.Errorf("writing the review: %w", err)
	}
	return append(body, '\n'), nil
}

func raw(object *appsv1.Deployment) (runtime.RawExtension, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return runtime.RawExtension{}, fmt.Errorf("writing the Deployment: %w", err)
	}
	return runtime.RawExtension{Raw: text}, nil
}
