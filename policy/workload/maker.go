package workload

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// makers are whose ReplicaSets are named after them and the value of a label: those of Deployments
// (k8s.io/kubernetes/pkg/controller/deployment/sync.go: getNewReplicaSet) and of Argo's Rollouts
// (https://github.com/argoproj/argo-rollouts/blob/master/utils/replicaset/replicaset.go).
var makers = []struct {
	label string
	kind  schema.GroupKind
}{
	{"pod-template-hash", schema.GroupKind{Group: "apps", Kind: "Deployment"}},
	{"rollouts-pod-template-hash", schema.GroupKind{Group: "argoproj.io", Kind: "Rollout"}},
}

// Maker is what made the ReplicaSet or the Job that manages a Pod with the labels, from the names that controllers give, so
// that neither has to be read; made is false where nothing is known to have made it.
func (o *OwnerReference) Maker(labels map[string]string) (kind schema.GroupKind, name string, made bool) {
	switch o.Kind {
	case "ReplicaSet":
		for i := range makers {
			hash := labels[makers[i].label]
			if name, found := strings.CutSuffix(o.Name, "-"+hash); found && hash != "" && name != "" {
				return makers[i].kind, name, true
			}
		}
	case "Job":
		if at := strings.LastIndexByte(o.Name, '-'); at > 0 && isMinute(o.Name[at+1:]) {
			return schema.GroupKind{Group: "batch", Kind: "CronJob"}, o.Name[:at], true
		}
	}
	return schema.GroupKind{}, "", false
}

// isMinute reports whether a word is the minute for which a CronJob has made a Job, counted since 1970: eight digits until
// 2160 (k8s.io/kubernetes/pkg/controller/cronjob/utils.go: getJobName).
func isMinute(word string) bool { return len(word) == 8 && strings.Trim(word, "0123456789") == "" }
