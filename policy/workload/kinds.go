package workload

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind says where objects of one kind keep their Pod template, and who owns the Pods.
type Kind struct {
	// Template are the members that lead to the Pod template; none when the object is a Pod.
	Template []string
	// OwnerAPIVersion and OwnerKind are the controller in the Pods' ownerReferences; empty when the object is a Pod.
	OwnerAPIVersion, OwnerKind string
	// Ends reports that the Pods end: the API server refuses restartPolicy Always.
	Ends bool
}

// KindOf finds the kinds of Kubernetes that are or make Pods.
func KindOf(kind schema.GroupKind) (Kind, bool) {
	template := []string{"spec", "template"}
	switch kind.String() {
	case "Pod":
		return Kind{}, true
	case "Deployment.apps", "ReplicaSet.apps":
		return Kind{Template: template, OwnerAPIVersion: "apps/v1", OwnerKind: "ReplicaSet"}, true
	case "StatefulSet.apps", "DaemonSet.apps":
		return Kind{Template: template, OwnerAPIVersion: "apps/v1", OwnerKind: kind.Kind}, true
	case "ReplicationController":
		return Kind{Template: template, OwnerAPIVersion: "v1", OwnerKind: kind.Kind}, true
	case "Job.batch":
		return Kind{Template: template, OwnerAPIVersion: "batch/v1", OwnerKind: "Job", Ends: true}, true
	case "CronJob.batch":
		cron := append([]string{"spec", "jobTemplate"}, template...)
		return Kind{Template: cron, OwnerAPIVersion: "batch/v1", OwnerKind: "Job", Ends: true}, true
	}
	return Kind{}, false
}
