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
	decideWordBytes       = 64
	// decideTextFactor is how often an image or a key of ours is copied and quoted.
	decideTextFactor = 10
)

// decideCost is the memory that deciding about a Pod may take.
func decideCost(pod *workload.Pod) int64 {
	containers, ports, words, texts := 0, 0, 0, 0
	for _, some := range [][]workload.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		containers += len(some)
		for i := range some {
			c := &some[i]
			ports, words, texts = ports+len(c.Ports), words+len(c.Command)+len(c.Args), texts+len(c.Image)+len(c.Name)
		}
	}
	if containers > policy.MaxContainers || ports > policy.MaxPorts {
		// It is left alone.
		return decideBytes
	}
	n := decideBytes + decideContainerBytes*containers + decidePortBytes*ports + decideWordBytes*words + decideTextFactor*texts
	for key := range pod.Annotations() {
		n += decideAnnotationBytes
		if strings.Contains(key, annotation.Domain+"/") {
			n += decideKeyBytes + decideTextFactor*len(key)
		}
	}
	return int64(n)
}
