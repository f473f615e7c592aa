package policy

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

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

// excluded is the answer for a Pod that is not touched at all, not even by a status.
type excluded struct {
	refusal
	// optedIn reports that the Pod's own annotations asked for something.
	optedIn bool
}

// exclude finds the Pods that are left alone, and the rule that applies to a Pod on the route of a group.
func (p *Policy) exclude(pod *podFacts, route Route) (*rule, *excluded) {
	if why := untouchable(pod); why.refuses() {
		return nil, &excluded{why, pod.optsIn()}
	}
	if route.Group == "" {
		if !pod.optsIn() {
			return nil, &excluded{}
		}
		return nil, nil
	}
	group, loaded := p.group(route.Group)
	switch {
	case pod.optsIn():
		return nil, &excluded{refusal: because(reason.AnnotatedPod)}
	case !loaded:
		return nil, &excluded{refusal: because(reason.RuleNotLoaded)}
	}
	matched := group.match(pod.Labels())
	if matched == nil {
		return nil, &excluded{refusal: because(reason.NoRuleMatches)}
	}
	return matched, nil
}

// optsIn reports whether the Pod carries any key of ours but the status.
func (f *podFacts) optsIn() bool {
	for key := range f.Annotations() {
		if annotation.Asks(key) {
			return true
		}
	}
	return false
}

// untouchable finds the Pods to which nothing is written, whoever asks.
func untouchable(pod *podFacts) refusal {
	annotations := pod.Annotations()
	_, mirror := annotations[corev1.MirrorPodAnnotationKey]
	switch {
	case annotations[annotation.Key("", string(annotation.Inject))] == "false":
		return because(reason.OptedOut)
	case mirror:
		return because(reason.MirrorPod)
	}
	if why := tooManyParts(pod); why.refuses() {
		return why
	}
	if isStrippedCopy(pod) {
		return because(reason.StrippedCopy)
	}
	return refusal{}
}

// isStrippedCopy reports whether the Pod arrives with our status but without a probe that it lists. kubectl debug
// --copy-to takes the probes off on purpose, and the owner too, so that the copy is left alone. A Pod with a controller
// comes from a template, into which somebody has copied a status.
func isStrippedCopy(pod *podFacts) bool {
	if pod.Controller() != nil {
		return false
	}
	for i := range pod.previous.Containers {
		name := pod.previous.Containers[i].Name
		c := pod.Container(name)
		if c == nil {
			continue
		}
		listed := pod.listed(name)
		for _, kind := range probe.Kinds() {
			if listed.Has(kind) && c.Probe(kind) == nil {
				return true
			}
		}
	}
	return false
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

// lists reports whether the Pod's status lists an existing probe as injected.
func (f *podFacts) lists(container string, kind probe.Kind, existing *corev1.Probe) bool {
	handler, listed := f.listed(container).Get(kind)
	return listed && handler == probe.HandlerOf(existing).String()
}

// excludeFromProbes finds the Pods that get a status and no probe, whatever they ask.
func excludeFromProbes(pod *podFacts) refusal {
	if pod.IsKnative() {
		return because(reason.Knative)
	}
	return refusal{}
}

// excludeFromRule finds what keeps rules, but not annotations, from a Pod: Pods that somebody runs by hand, Pods of
// operators that may compare and recreate them, and the bootstrap of StatefulSets.
func excludeFromRule(pod *podFacts, matched *rule) refusal {
	if why := excludeFromProbes(pod); why.refuses() {
		return why
	}
	owner := pod.Controller()
	switch {
	case !pod.RestartsAlways():
		return because(reason.RestartPolicy)
	case owner == nil:
		return because(reason.NoController)
	case !owner.IsBuiltIn():
		return refusal{reason.UnknownOwner, owner.Kind}
	case pod.IsStatefulSet() && !matched.StatefulSets:
		return because(reason.StatefulSet)
	case pod.IsWindows():
		return because(reason.Windows)
	}
	return refusal{}
}
