package audit

import (
	"cmp"
	"strings"
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

// The labels by which controllers tell their ReplicaSets, and the name of a ReplicaSet ends with its value: of Deployments
// (k8s.io/kubernetes/pkg/controller/deployment/sync.go: getNewReplicaSet) and of Argo's Rollouts
// (https://github.com/argoproj/argo-rollouts/blob/master/utils/replicaset/replicaset.go).
const (
	deploymentHash = "pod-template-hash"
	rolloutHash    = "rollouts-pod-template-hash"
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
	at.Kind, at.Name = kindOf(owner.APIVersion, owner.Kind), owner.Name
	if at.Kind == kindJob {
		if name, minute, found := cutLast(owner.Name, "-"); found && isMinute(minute) {
			at.Kind, at.Name = "cronjob", name
		}
	}
	if at.Kind != kindReplicaSet {
		return at
	}
	for label, kind := range map[string]string{deploymentHash: kindDeployment, rolloutHash: "rollout.argoproj.io"} {
		hash, has := pod.Metadata.Labels[label]
		if name, made := strings.CutSuffix(owner.Name, "-"+hash); has && made && name != "" {
			at.Kind, at.Name = kind, name
			return at
		}
	}
	return at
}

// kindOf writes a kind as kubectl accepts it. The kinds of Kubernetes itself need no group.
func kindOf(apiVersion, kind string) string {
	group, _, grouped := strings.Cut(apiVersion, "/")
	kind = strings.ToLower(kind)
	if !grouped || group == "apps" || group == "batch" {
		return kind
	}
	return kind + "." + group
}

// isMinute reports whether a word is the minute for which a CronJob has made a Job, counted since 1970: eight digits until
// 2160 (k8s.io/kubernetes/pkg/controller/cronjob/utils.go: getJobName).
func isMinute(word string) bool { return len(word) == 8 && strings.Trim(word, "0123456789") == "" }

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}
