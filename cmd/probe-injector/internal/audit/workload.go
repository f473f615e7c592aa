package audit

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Workload names what Pods belong to: the controller that a person changes, or the Pod itself.
type Workload struct {
	Namespace string `json:"namespace"`
	// Kind is in lower case, as kubectl accepts it: deployment, rollout.argoproj.io.
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// String is the workload for people.
func (w Workload) String() string { return w.Namespace + "/" + w.Kind + "/" + w.Name }

// Compare orders workloads by namespace, kind and name.
func (w Workload) Compare(other Workload) int {
	return cmp.Or(cmp.Compare(w.Namespace, other.Namespace), cmp.Compare(w.Kind, other.Kind), cmp.Compare(w.Name, other.Name))
}

const (
	kindDeployment  = "deployment"
	kindStatefulSet = "statefulset"
	kindDaemonSet   = "daemonset"
	kindReplicaSet  = "replicaset"
	kindJob         = "job"
	kindPod         = "pod"
)

// WorkloadOf finds what a Pod belongs to. The Deployment of a ReplicaSet is known from the Pod alone, so that no ReplicaSets
// have to be read.
func WorkloadOf(pod *Pod) Workload {
	owner := pod.View().Controller()
	at := Workload{Namespace: pod.Metadata.Namespace}
	if owner == nil || owner.Kind == "Node" {
		// The API server has a static Pod of a node only as its mirror.
		at.Kind, at.Name = kindPod, pod.Metadata.Name
		return at
	}
	if kind, name, made := owner.Maker(pod.Metadata.Labels); made {
		at.Kind, at.Name = kindOf(kind), name
		return at
	}
	at.Kind, at.Name = kindOf(schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind).GroupKind()), owner.Name
	return at
}

// kindOf writes a kind as kubectl accepts it. The kinds of Kubernetes itself need no group.
func kindOf(kind schema.GroupKind) string {
	name := strings.ToLower(kind.Kind)
	if kind.Group == "" || kind.Group == "apps" || kind.Group == "batch" {
		return name
	}
	return name + "." + kind.Group
}
