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

// view takes the part of a Pod that decisions look at, under the same names as in an admission review, and says how
// large the whole Pod is there.
func view(pod *corev1.Pod) (seen *workload.Pod, bytes int, err error) {
	text, err := json.Marshal(pod)
	if err != nil {
		return nil, 0, fmt.Errorf("cannot write the Pod: %w", err)
	}
	seen = &workload.Pod{}
	if err := json.Unmarshal(text, seen); err != nil {
		return nil, 0, fmt.Errorf("cannot read the Pod: %w", err)
	}
	return seen, len(text), nil
}
