package policy

import (
	"slices"
	"strconv"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
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

// check is one question about a candidate, with the answer where we chose the handler and where a person named it.
type check struct {
	// reason refuses a candidate to which the check applies.
	reason  reason.Reason
	applies func(p *Policy, pod *podFacts, c *candidate, a gated) bool
	// detail is the fact in the sentence of the reason; nil where it needs none.
	detail func(c *candidate) string
	// alsoNamed reports that the check refuses a handler that a person named as well.
	alsoNamed bool
}

// gated is what a check may look at beside the candidate.
type gated struct {
	ask     *containerAsk
	optedIn bool
}

// checks are all of them, in the order in which they are told.
var checks = []check{
	{reason: reason.PortNotProbed, detail: portOf, applies: func(_ *Policy, _ *podFacts, c *candidate, _ gated) bool {
		return c.source == SourceInference && c.handler.Port.Number == mysqlPort
	}},
	{reason: reason.LowConfidence, applies: func(p *Policy, _ *podFacts, c *candidate, a gated) bool {
		return c.source == SourceInference && !a.optedIn && !reaches(c.evidence.Confidence(), p.demanded(c.kind))
	}},
	{reason: reason.Windows, applies: func(_ *Policy, pod *podFacts, c *candidate, _ gated) bool {
		return c.handler.Scheme == probe.Exec && pod.IsWindows()
	}},
	{reason: reason.MeshProxy, applies: func(_ *Policy, pod *podFacts, c *candidate, _ gated) bool {
		return (pod.mesh == workload.Istio && c.handler.OverNetwork()) || (pod.mesh == workload.Linkerd && c.handler.Scheme == probe.TCP)
	}},
	{reason: reason.InvalidAnnotation, alsoNamed: true, applies: func(_ *Policy, _ *podFacts, c *candidate, a gated) bool {
		return a.ask.blockedHost && (c.handler.Scheme == probe.HTTP || c.handler.Scheme == probe.HTTPS)
	}},
}

// mysqlPort counts connections that end before the handshake against max_connect_errors, and then refuses the
// whole host (MySQL Reference Manual, "Host 'host_name' is blocked"): it is never probed by a bare connection
// that nobody asked for.
const mysqlPort = 3306

func portOf(c *candidate) string { return strconv.Itoa(int(c.handler.Port.Number)) }

// demanded is the confidence that the policy asks for Pods that did not ask themselves.
func (p *Policy) demanded(kind probe.Kind) v1alpha1.ConfidenceLevel {
	if kind == probe.Readiness {
		return p.confidence.Readiness
	}
	return p.confidence.Liveness
}

func reaches(have, want v1alpha1.ConfidenceLevel) bool {
	order := [...]v1alpha1.ConfidenceLevel{v1alpha1.ConfidenceLow, v1alpha1.ConfidenceMedium, v1alpha1.ConfidenceHigh}
	return slices.Index(order[:], have) >= slices.Index(order[:], want)
}

// gate lets through what may be put into the containers.
func (p *Policy) gate(pod *podFacts, plans []plan, optedIn bool) admitted {
	var out admitted
	for i := range plans {
		p.gateContainer(pod, &plans[i], optedIn, &out)
	}
	out.dropSharedPorts(p)
	return out
}

// gateContainer lets through what may be put into one container. A startup probe that a person named and that cannot be
// given takes the liveness probe with it, because its start would be guarded by something nobody wanted.
func (p *Policy) gateContainer(pod *podFacts, in *plan, optedIn bool, out *admitted) {
	if in.refusal.refuses() {
		out.refused = append(out.refused, in.refusal.skip(in.ask.ref.Name, ""))
		return
	}
	out.containers = append(out.containers, admittedContainer{ask: in.ask, software: in.software})
	handlers := &out.containers[len(out.containers)-1].handlers
	live := p.admit(pod, in.ask, &in.liveness, optedIn, out, handlers)
	p.admit(pod, in.ask, &in.readiness, optedIn, out, handlers)
	switch start := &in.startup; {
	case live && start.guard != nil:
		handlers.Set(probe.Startup, *start.guard)
	case !p.admit(pod, in.ask, &start.own, optedIn, out, handlers) && live && start.required:
		handlers.Delete(probe.Liveness)
		out.refused = append(out.refused, because(reason.InvalidAnnotation).skip(in.ask.ref.Name, probe.Liveness))
	}
}

// admit lets one proposal through, or records why not.
func (p *Policy) admit(pod *podFacts, ask *containerAsk, proposed *proposal, optedIn bool, out *admitted, handlers *probe.Map[candidate]) bool {
	if !proposed.wanted {
		return false
	}
	why := proposed.refusal
	if !why.refuses() {
		why = p.check(pod, &proposed.candidate, gated{ask, optedIn}, out)
	}
	if why.refuses() {
		out.refused = append(out.refused, why.skip(ask.ref.Name, proposed.kind))
		return false
	}
	handlers.Set(proposed.kind, proposed.candidate)
	return true
}

// check asks every question about a candidate, and tells a person who named the handler what speaks against it.
func (p *Policy) check(pod *podFacts, c *candidate, a gated, out *admitted) refusal {
	if c.explicit {
		out.noteRisks(p, pod, c, a.ask)
	}
	for i := range checks {
		if each := &checks[i]; (!c.explicit || each.alsoNamed) && each.applies(p, pod, c, a) {
			why := because(each.reason)
			if each.detail != nil {
				why.Detail = each.detail(c)
			}
			return why
		}
	}
	return refusal{}
}

// noteRisks tells a person who named a handler what speaks against it.
func (a *admitted) noteRisks(p *Policy, pod *podFacts, c *candidate, ask *containerAsk) {
	for i := range exclusions {
		if e := &exclusions[i]; e.risk != "" && e.applies(p, pod, ask) {
			a.note(ask, c.kind, e.risk)
		}
	}
	if pod.mesh == workload.Istio && c.handler.OverNetwork() && c.handler.Scheme != probe.TCP {
		a.note(ask, c.kind, "istio-proxy came first and rewrites no probe now: it fails under STRICT mTLS")
	}
}

// note records a risk, once a container.
func (a *admitted) note(ask *containerAsk, kind probe.Kind, message string) {
	for i := range a.findings {
		if f := &a.findings[i]; f.Container == ask.ref.Name && f.Message == message {
			return
		}
	}
	a.findings = append(a.findings, Finding{Container: ask.ref.Name, Kind: kind, Severity: lint.Warning, Message: message})
}

// dropSharedPorts withholds network probes of two containers on one port: containers of a Pod share one address,
// so that one of them would be judged by the other's answers.
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
	shared := func(c candidate) bool { return c.handler.OverNetwork() && len(users[c.handler.Port.Number]) > 1 }
	for i := range a.containers {
		a.refused = append(a.refused, a.containers[i].drop(shared, p)...)
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
