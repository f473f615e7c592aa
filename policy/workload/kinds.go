package workload

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// Kind says where objects of one kind keep their Pod template, and who owns the Pods.
type Kind struct {
	// Template are the members that lead to the Pod template; none when the object is a Pod.
	Template []string
	// OwnerAPIVersion and OwnerKind are the controller in the Pods' ownerReferences; empty where there is none.
	OwnerAPIVersion, OwnerKind string
	// Ends reports that the Pods end: the API server refuses restartPolicy Always.
	Ends bool
}

// KindOf finds the kinds that are or make Pods and whose controllers are known. Other kinds are found by their templates.
func KindOf(kind schema.GroupKind) (Kind, bool) {
	template := []string{"spec", "template"}
	switch kind.String() {
	case "Pod":
		return Kind{}, true
	case "Deployment.apps", "ReplicaSet.apps":
		return Kind{Template: template, OwnerAPIVersion: "apps/v1", OwnerKind: "ReplicaSet"}, true
	case "Rollout.argoproj.io":
		// Argo Rollouts makes ReplicaSets itself and owns them.
		return Kind{Template: template, OwnerAPIVersion: "apps/v1", OwnerKind: "ReplicaSet"}, true
	case "PodTemplate":
		// It makes no Pods; whoever uses it owns them.
		return Kind{Template: []string{"template"}}, true
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

// FormOf is KindOf; a kind that is not known is taken to have its Pod template at spec.template, and to own the Pods.
func FormOf(kind schema.GroupVersionKind) Kind {
	if known, ok := KindOf(kind.GroupKind()); ok {
		return known
	}
	return Kind{Template: []string{"spec", "template"}, OwnerAPIVersion: kind.GroupVersion().String(), OwnerKind: kind.Kind}
}

// FindTemplates finds Pod templates in an object of any kind: mappings with spec.containers below a member whose name ends in
// "template". The places are paths of member names and list indexes.
func FindTemplates(object map[string]any) []shape.Place { return findTemplates(object, nil) }

func findTemplates(value any, here shape.Place) []shape.Place {
	var found []shape.Place
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			below := here.With(name)
			if strings.HasSuffix(strings.ToLower(name), "template") && isTemplate(value[name]) {
				found = append(found, below)
				continue
			}
			found = append(found, findTemplates(value[name], below)...)
		}
	case []any:
		for i := range value {
			found = append(found, findTemplates(value[i], here.With(i))...)
		}
	}
	return found
}

func isTemplate(value any) bool {
	members, _ := value.(map[string]any)
	spec, _ := members["spec"].(map[string]any)
	containers, isList := spec["containers"].([]any)
	return isList && len(containers) > 0
}
