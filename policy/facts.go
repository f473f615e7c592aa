package policy

import (
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// podFacts is a Pod with what several steps need to know of it.
type podFacts struct {
	*workload.Pod
	mesh workload.Mesh
	// previous is what the Pod's status lists: an earlier pass of the webhook injected it.
	previous statusline.Status
}

func factsOf(pod *workload.Pod) podFacts {
	facts := podFacts{Pod: pod, mesh: pod.Mesh()}
	if line, has := pod.Annotations()[annotation.StatusKey]; has {
		facts.previous, _ = statusline.Parse(line)
	}
	return facts
}

// listed are the probes of a container that the Pod's status lists, by their handlers.
func (f *podFacts) listed(container string) *probe.Map[string] {
	for i := len(f.previous.Containers) - 1; i >= 0; i-- {
		if c := &f.previous.Containers[i]; c.Name == container && c.Probes.Len() > 0 {
			return &c.Probes
		}
	}
	return &probe.Map[string]{}
}

// optsIn reports whether the Pod carries any key of ours but the status.
func (f *podFacts) optsIn() bool {
	for key, value := range f.Annotations() {
		if value != "" && annotation.Asks(key) {
			return true
		}
	}
	return false
}

// refusal is why something is not injected. The zero value refuses nothing.
type refusal struct {
	Reason reason.Reason
	// Detail is the fact in the sentence of the reason.
	Detail string
}

// refuses reports whether there is a reason.
func (r refusal) refuses() bool { return r.Reason != "" }

// skip is the refusal as the Decision lists it.
func (r refusal) skip(container string, kind probe.Kind) Skip {
	return Skip{Container: container, Kind: kind, Reason: r.Reason, Detail: r.Detail}
}

// because is a refusal whose reason needs no detail.
func because(why reason.Reason) refusal { return refusal{Reason: why} }
