package manifest

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// ownedBy is the reference that a controller puts on the Pods it makes.
func ownedBy(apiVersion, kind, name string) []metav1.OwnerReference {
	controller := true
	return []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: name, Controller: &controller}}
}

// view takes the part of a Pod that decisions look at, under the same names as in an admission review.
func view(pod *corev1.Pod) (*workload.Pod, error) {
	text, err := json.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("cannot write the Pod: %w", err)
	}
	var seen workload.Pod
	if err := json.Unmarshal(text, &seen); err != nil {
		return nil, fmt.Errorf("cannot read the Pod: %w", err)
	}
	return &seen, nil
}
