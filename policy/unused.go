package policy

import (
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// UnusedKey is a key of a person that has no effect, and why.
type UnusedKey struct {
	Container, Key string
	// Reason is its word, for programs.
	Reason reason.Reason
	// Because is the fact, such as the probe that exists already.
	Because string
}

// unusedKeys finds the good keys that have no effect beside the probes that exist, and host headers that no probe sends. What
// an earlier pass of the webhook injected is what the keys asked for.
func (o *outcome) unusedKeys(pod *podFacts) []UnusedKey {
	var out []UnusedKey
	for i := range o.asked.containers {
		a := &o.asked.containers[i]
		for _, e := range a.entries {
			if why, because := o.unused(pod, a, e); because != "" {
				out = append(out, UnusedKey{a.ref.Name, e.Key, why, because})
			}
		}
	}
	return out
}

// unused is why a key has no effect; empty where it has one, or where a reason tells already.
func (o *outcome) unused(pod *podFacts, a *containerAsk, e *annotation.Entry) (why reason.Reason, because string) {
	kinds := kindsOf(e)
	for _, kind := range kinds {
		if !a.has(kind) || pod.listed(a.ref.Name).Has(kind) {
			return "", ""
		}
	}
	switch {
	case len(kinds) > 0 && e.Ask.None:
		return "", ""
	case len(kinds) > 0:
		return reason.ExistingProbe, kinds[0].FieldName() + " exists and stays"
	case e.Word == annotation.HostHeader && !o.sendsHost(pod, a):
		return reason.NotAsked, "no http probe is injected"
	}
	return "", ""
}

// has reports whether somebody wrote the probe into the Pod.
func (a *containerAsk) has(kind probe.Kind) bool { return a.container.Probe(kind) != nil }

// kindsOf are the probes that a key is about, if it is about some of them alone.
func kindsOf(e *annotation.Entry) []probe.Kind {
	switch e.Word {
	case annotation.RestartAfter:
		return []probe.Kind{probe.Liveness}
	case annotation.UnreadyAfter:
		return []probe.Kind{probe.Readiness}
	case annotation.StartupBudget:
		return []probe.Kind{probe.Startup, probe.Liveness}
	}
	if e.Kind != "" {
		return []probe.Kind{e.Kind}
	}
	return nil
}

// sendsHost reports whether an http probe of the container is injected, now or by an earlier pass, or one is withheld, which
// a reason tells.
func (o *outcome) sendsHost(pod *podFacts, a *containerAsk) bool {
	for i := range o.scheduled.injections {
		if in := &o.scheduled.injections[i]; in.Container == a.ref && in.Handler.IsHTTP() {
			return true
		}
	}
	injected := false
	for i := range o.scheduled.injections {
		injected = injected || o.scheduled.injections[i].Container == a.ref
	}
	return !injected || pod.listed(a.ref.Name).Len() > 0
}
