package policy

import (
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// admitted is what may be put into the containers, and why the rest may not.
type admitted struct {
	containers []admittedContainer
	refused    []Skip
	// findings are the risks that a person who names a handler is told.
	findings []Finding
}

// admittedContainer is one container with the handlers that it gets.
type admittedContainer struct {
	ask      *containerAsk
	software software
	handlers probe.Map[candidate]
}

// gated is one candidate at the gate, with what the checks may look at.
type gated struct {
	policy    *Policy
	pod       *podFacts
	ask       *containerAsk
	software  *software
	candidate *candidate
	optedIn   bool
	// listenings are where the container's program is told to listen.
	listenings detect.Listenings
}

// gate lets through what may be put into the containers: every handler passes every check (checks.go), whoever named it,
// the startup probe that comes along with liveness too.
func (p *Policy) gate(pod *podFacts, plans []plan, optedIn bool) admitted {
	var out admitted
	for i := range plans {
		p.gateContainer(pod, &plans[i], optedIn, &out)
	}
	out.dropSharedPorts(p)
	return out
}

// gateContainer lets through what may be put into one container. A startup probe that a person named and that cannot be
// given takes the liveness probe with it, because its start would be guarded by something nobody wanted; so does the one
// that liveness brings along.
func (p *Policy) gateContainer(pod *podFacts, in *plan, optedIn bool, out *admitted) {
	if in.refusal.refuses() {
		out.refused = append(out.refused, in.refusal.skip(in.ask.ref.Name, ""))
		return
	}
	out.containers = append(out.containers, admittedContainer{ask: in.ask, software: in.software})
	g := gated{policy: p, pod: pod, ask: in.ask, software: &in.software, optedIn: optedIn, listenings: detect.ListeningsOf(in.ask.container)}
	handlers := &out.containers[len(out.containers)-1].handlers
	live := g.admit(&in.liveness, out, handlers)
	g.admit(&in.readiness, out, handlers)
	start := &in.startup
	if live && start.guard != nil {
		if why := g.check(start.guard, out); why.refuses() {
			handlers.Delete(probe.Liveness)
			out.refused = append(out.refused, why.skip(in.ask.ref.Name, probe.Liveness))
			return
		}
		handlers.Set(probe.Startup, *start.guard)
		return
	}
	if !g.admit(&start.own, out, handlers) && live && start.required {
		handlers.Delete(probe.Liveness)
		out.refused = append(out.refused, out.lastRefusal().skip(in.ask.ref.Name, probe.Liveness))
	}
}

// lastRefusal is why the last probe was not let through.
func (a *admitted) lastRefusal() refusal {
	if len(a.refused) == 0 {
		return because(reason.InvalidAnnotation)
	}
	last := a.refused[len(a.refused)-1]
	return refusal{last.Reason, last.Detail}
}

// admit lets one proposal through, or records why not.
func (g *gated) admit(proposed *proposal, out *admitted, handlers *probe.Map[candidate]) bool {
	if !proposed.wanted {
		return false
	}
	why := proposed.refusal
	if !why.refuses() {
		why = g.check(&proposed.candidate, out)
	}
	if why.refuses() {
		out.refused = append(out.refused, why.skip(g.ask.ref.Name, proposed.kind))
		return false
	}
	handlers.Set(proposed.kind, proposed.candidate)
	return true
}

// check asks every question about a candidate. The first that refuses it is the answer; what speaks against a handler that
// a person named, and does not refuse it, is told.
func (g *gated) check(c *candidate, out *admitted) refusal {
	g.candidate = c
	for i := range checks {
		each := &checks[i]
		if each.about == aboutContainer && !c.explicit {
			// It has been asked before anything was chosen.
			continue
		}
		fact, applies := each.applies(g)
		if !applies {
			continue
		}
		if each.answer(g) == Refused {
			return refusal{each.reason, fact}
		}
		if each.risk != nil {
			out.note(g.ask, c.kind, each.reason, each.risk(g, fact))
		}
	}
	return refusal{}
}

// excludeContainer is why no handler is chosen for a container. It yields to a key that names the handler, because then a
// person decided, who is told the risk.
func (p *Policy) excludeContainer(pod *podFacts, ask *containerAsk) refusal {
	g := gated{policy: p, pod: pod, ask: ask}
	for i := range checks {
		if each := &checks[i]; each.about == aboutContainer {
			if fact, applies := each.applies(&g); applies {
				return refusal{each.reason, fact}
			}
		}
	}
	return refusal{}
}

// note records a risk, once a container.
func (a *admitted) note(ask *containerAsk, kind probe.Kind, about reason.Reason, message string) {
	for i := range a.findings {
		if f := &a.findings[i]; f.Container == ask.ref.Name && f.Message == message {
			return
		}
	}
	a.findings = append(a.findings, Finding{Container: ask.ref.Name, Kind: kind, Reason: about, Severity: lint.Warning, Message: message})
}

// dropSharedPorts withholds network probes of two containers on one port that none of them declares, except those whose
// port a person wrote: containers of a Pod share one address, so that one of them would be judged by the other's answers.
func (a *admitted) dropSharedPorts(p *Policy) {
	if len(a.containers) < 2 {
		return
	}
	users := map[int32]map[int]bool{}
	for i := range a.containers {
		for _, kind := range probe.Kinds() {
			c, ok := a.containers[i].handlers.Get(kind)
			if !ok || !c.handler.OverNetwork() {
				continue
			}
			port := c.handler.Port.Number
			if users[port] == nil {
				users[port] = map[int]bool{}
			}
			users[port][i] = true
		}
	}
	for i := range a.containers {
		each := &a.containers[i]
		shared := func(c candidate) bool {
			declares := each.ask.container.Declares(probe.Port{Number: c.handler.Port.Number})
			return c.handler.OverNetwork() && len(users[c.handler.Port.Number]) > 1 && !c.writtenPort && !declares
		}
		a.refused = append(a.refused, each.drop(shared, p)...)
	}
}

// drop withholds the probes of one container that share a port, and liveness where its guard does.
func (a *admittedContainer) drop(shared func(candidate) bool, p *Policy) []Skip {
	var refused []Skip
	refuse := func(kind probe.Kind, c *candidate) {
		a.handlers.Delete(kind)
		refused = append(refused, refusal{reason.SharedPort, c.handler.Port.String()}.skip(a.ask.ref.Name, kind))
	}
	guard, _ := a.handlers.Get(probe.Startup)
	for _, kind := range probe.Kinds() {
		if c, ok := a.handlers.Get(kind); ok && shared(c) {
			refuse(kind, &c)
		}
	}
	live, start := a.handlers.Has(probe.Liveness), a.handlers.Has(probe.Startup)
	switch {
	case live && !start && p.bringsGuard(a.ask) && a.ask.container.StartupProbe == nil && !a.ask.declines(probe.Startup):
		refuse(probe.Liveness, &guard)
	case start && !live && !a.ask.handlers.Has(probe.Startup):
		a.handlers.Delete(probe.Startup)
	}
	return refused
}
