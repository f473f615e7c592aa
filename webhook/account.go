package webhook

import (
	"strings"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// What deciding and answering may allocate beside the decoded review, each above what
// TestDecidingAllocatesNoMoreThanWasAccounted measures.
const (
	decideBytes           = 24 << 10
	decideContainerBytes  = 16 << 10
	decideKeyBytes        = 14 << 10
	decidePortBytes       = 1 << 10
	decideAnnotationBytes = 256
	decideWordBytes       = 256
	// decideTextFactor is how often an image or a key of ours is copied and quoted.
	decideTextFactor = 20
	// decideCommandFactor is how often the words of a command are copied, those of scripts above all.
	decideCommandFactor = 96
)

// decideCost is the memory that deciding about a Pod may take.
func decideCost(pod *workload.Pod) int64 {
	parts := policy.PartsOf(pod)
	if parts.TooMany() != "" {
		// It is left alone.
		return decideBytes
	}
	n := decideBytes + decideContainerBytes*parts.Containers + decidePortBytes*parts.Ports +
		decideWordBytes*parts.Words + decideCommandFactor*parts.CommandBytes
	for _, containers := range [][]workload.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			n += decideTextFactor * (len(containers[i].Image) + len(containers[i].Name))
		}
	}
	for key := range pod.Annotations() {
		n += decideAnnotationBytes
		if strings.Contains(key, annotation.Domain+"/") {
			n += decideKeyBytes + decideTextFactor*len(key)
		}
	}
	return int64(n)
}
