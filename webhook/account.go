package webhook

import (
	"strings"

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
	decideWordBytes       = 64
	// decideTextFactor is how often an image or a key of ours is copied and quoted.
	decideTextFactor = 10
)

// decideCost is the memory that deciding about a Pod may take.
func decideCost(pod *workload.Pod) int64 {
	n := decideBytes
	for _, containers := range [][]workload.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		n += decideContainerBytes * len(containers)
		for i := range containers {
			c := &containers[i]
			n += decidePortBytes*len(c.Ports) + decideWordBytes*(len(c.Command)+len(c.Args)) + decideTextFactor*(len(c.Image)+len(c.Name))
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
