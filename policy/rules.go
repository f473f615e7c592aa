package policy

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// match finds the first rule of the group that selects the Pod.
func (g *ruleGroup) match(pod *Pod) *rule {
	var set labels.Set
	if pod.Metadata != nil {
		set = pod.Metadata.Labels
	}
	for i := range g.rules {
		if g.rules[i].podSelector.Matches(set) {
			return &g.rules[i]
		}
	}
	return nil
}

// ruleObstacle finds what keeps rules, but not annotations, from a Pod: Pods that somebody runs by hand, Pods of
// operators that may compare and recreate them, and the bootstrap of StatefulSets.
func ruleObstacle(pod *Pod, matched *rule) (Skip, bool) {
	if why, skip := absolute(pod); skip {
		return Skip{Reason: why}, true
	}
	owner := controllerOf(pod)
	switch {
	case owner == nil:
		return Skip{Reason: reason.NoController}, true
	case !isKnownOwner(owner):
		return Skip{Reason: reason.UnknownOwner, Detail: owner.Kind}, true
	case owner.Kind == "StatefulSet" && !matched.StatefulSets:
		return Skip{Reason: reason.StatefulSet}, true
	case isWindows(pod):
		return Skip{Reason: reason.Windows}, true
	}
	return Skip{}, false
}

// controllerOf is the owner that manages the Pod.
func controllerOf(pod *Pod) *OwnerReference {
	if pod.Metadata == nil {
		return nil
	}
	i := slices.IndexFunc(pod.Metadata.OwnerReferences, func(o OwnerReference) bool { return o.Controller != nil && *o.Controller })
	if i < 0 {
		return nil
	}
	return &pod.Metadata.OwnerReferences[i]
}

func isKnownOwner(owner *OwnerReference) bool {
	switch owner.APIVersion + " " + owner.Kind {
	case "apps/v1 ReplicaSet", "apps/v1 StatefulSet", "apps/v1 DaemonSet", "v1 ReplicationController":
		return true
	}
	return false
}

// planForRule plans what the matching rule asks for, for the Pod's main container.
func (d *deciding) planForRule() {
	r := d.policy.read(d.pod, nil)
	d.requests = r.containers
	q := r.byName(r.defaultContainer())
	if q == nil || q.native {
		q = r.mainContainer(probe.Port{})
	}
	if q == nil {
		d.out.Skips = append(d.out.Skips, Skip{Reason: reason.AmbiguousContainers})
		return
	}
	if found, ok := d.policy.profiles[d.rule.Profile]; ok {
		q.profile = found
	}
	d.plan(q)
}
