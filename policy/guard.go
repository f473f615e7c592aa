package policy

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// proposeStartup decides the startup probe, after liveness: the one asked for by its own key, or the guard of a
// liveness probe that is going to be injected.
func (c *chooser) proposeStartup(live *proposal) startupProposal {
	asks := c.ask.handlers.Has(probe.Startup)
	switch {
	case c.ask.declines(probe.Startup):
		return startupProposal{own: refusedStartup(reason.Declined)}
	case c.ask.container.StartupProbe != nil && (asks || c.ask.failed.Has(probe.Startup)):
		return startupProposal{own: refusedStartup(reason.ExistingProbe)}
	case c.ask.container.StartupProbe != nil:
		return startupProposal{}
	case c.ask.failed.Has(probe.Startup):
		return startupProposal{own: refusedStartup(reason.InvalidAnnotation)}
	case c.ask.names(probe.Startup):
		return startupProposal{own: c.propose(probe.Startup), required: true}
	case asks && c.ask.container.LivenessProbe != nil:
		return startupProposal{own: c.copyLiveness()}
	}
	out := startupProposal{own: c.propose(probe.Startup)}
	// A startup probe of a native sidecar holds up the Pod: only a handler that is written for it is a reason to.
	if live.has() && !c.ask.native && (asks || c.policy.bringsGuard(c.ask)) {
		guard := c.guardOf(live.candidate)
		guard.kind = probe.Startup
		out.guard = &guard
	}
	return out
}

func refusedStartup(why reason.Reason) proposal {
	return proposal{kind: probe.Startup, wanted: true, refusal: because(why)}
}

// bringsGuard reports whether an injected liveness probe brings a startup probe along.
func (p *Policy) bringsGuard(ask *containerAsk) bool {
	return p.style != timing.StyleInitialDelay && !ask.native
}

// guardOf is the startup probe beside an injected liveness probe: the profile's own, when the liveness probe is the
// profile's too, else the liveness probe's handler.
func (c *chooser) guardOf(live candidate) candidate {
	if live.profile == "" {
		return live
	}
	own, ok := c.software.profile.offers(probe.Startup, c.optedIn, true)
	if !ok {
		return live
	}
	handler, why := c.settled(c.software.profile, own.handler)
	if why.refuses() {
		return live
	}
	return candidate{handler: handler, source: live.source, evidence: live.evidence, profile: live.profile}
}

// copyLiveness is the startup probe for the liveness probe that the container has already. It asks the same, because any
// other check may pass while liveness still fails, or fail while liveness passes.
func (c *chooser) copyLiveness() proposal {
	out := proposal{kind: probe.Startup, wanted: true, refusal: c.refuse(probe.Startup)}
	if out.refusal.refuses() {
		return out
	}
	if out.refusal = c.policy.excludeContainer(c.pod, c.ask); out.refusal.refuses() {
		return out
	}
	live := c.ask.container.LivenessProbe
	if obstacle := uncopied(c.ask.container, live); obstacle != "" {
		out.refusal = refusal{reason.LivenessNotCopied, obstacle}
		return out
	}
	out.candidate = candidate{
		kind: probe.Startup, handler: resolvedHandler(c.ask.container, live), copied: live, source: SourceEvidence,
		evidence: detect.Evidence{Kind: detect.EvidenceExistingProbe, Detail: probe.Liveness.FieldName()},
	}
	return out
}

// uncopied is why a startup probe cannot ask what a liveness probe asks; empty where it can. A host is never injected, and
// the kubelet never runs a probe whose port name it does not find.
func uncopied(c *workload.Container, live *corev1.Probe) string {
	handler := resolvedHandler(c, live)
	switch {
	case handler.Scheme == "":
		return "livenessProbe has no handler"
	case hostOf(live) != "":
		return "livenessProbe has a host"
	case handler.OverNetwork() && handler.Port.Number == 0:
		return "livenessProbe names no port of the container"
	}
	return ""
}

func hostOf(p *corev1.Probe) string {
	switch {
	case p.HTTPGet != nil:
		return p.HTTPGet.Host
	case p.TCPSocket != nil:
		return p.TCPSocket.Host
	}
	return ""
}

// resolvedHandler is what a probe that somebody wrote asks, with the number of its port, 0 where the container has no such
// port.
func resolvedHandler(c *workload.Container, p *corev1.Probe) probe.Handler {
	h := probe.HandlerOf(p)
	if h.OverNetwork() {
		h.Port = probe.Port{Number: portNumber(c, h.Port)}
	}
	if h.IsHTTP() && h.Path == "" {
		h.Path = workload.DefaultPath
	}
	return h
}

// asksTheSame reports whether two probes of a container get the same answers.
func asksTheSame(c *workload.Container, a, b *corev1.Probe) bool {
	first, second := resolvedHandler(c, a), resolvedHandler(c, b)
	if first.Scheme != second.Scheme || first.Port != second.Port || first.Path != second.Path ||
		first.Service != second.Service || !slices.Equal(first.Command, second.Command) || hostOf(a) != hostOf(b) {
		return false
	}
	known := first.Scheme != "" && (!first.OverNetwork() || first.Port.Number != 0)
	return known && slices.Equal(headersOf(a), headersOf(b))
}

func headersOf(p *corev1.Probe) []corev1.HTTPHeader {
	if p.HTTPGet == nil {
		return nil
	}
	return p.HTTPGet.HTTPHeaders
}

// guards reports whether a startup probe stands for the liveness probe beside it: it asks the same, or it is ours, which a
// person or a profile vouches for. A bare connection proves less than an answer, whoever named it.
func guards(c *workload.Container, startup, liveness *corev1.Probe, ours bool) bool {
	return asksTheSame(c, startup, liveness) || (ours && startup.TCPSocket == nil)
}

// notAsked is the answer to keys that ask for no probe, with the key that would. Beside a liveness probe that exists, only
// its own key asks for a startup probe; where all that the keys could change exists, no key would help.
func (c *chooser) notAsked() refusal {
	own := c.ask.container
	timed := c.ask.timed()
	missing := timed.Len() == 0
	for _, kind := range probe.Kinds() {
		missing = missing || (timed.Has(kind) && own.Probe(kind) == nil)
	}
	switch {
	case !missing:
		return because(reason.ExistingProbe)
	case c.ask.native:
		return because(reason.NativeSidecar)
	case timed.Has(probe.Startup) && own.StartupProbe == nil && own.LivenessProbe != nil:
		return refusal{reason.StartupNotAsked, c.ask.prefix()}
	}
	return refusal{reason.NotAsked, c.ask.prefix()}
}

// timed are the probes whose times the keys set.
func (a *containerAsk) timed() probe.Map[struct{}] {
	var out probe.Map[struct{}]
	figures := map[probe.Kind]int32{
		probe.Startup: a.overrides.startupBudget, probe.Liveness: a.overrides.restartAfter, probe.Readiness: a.overrides.unreadyAfter,
	}
	for kind, figure := range figures {
		if figure > 0 || a.fields.Has(kind) {
			out.Set(kind, struct{}{})
		}
	}
	return out
}

// prefix is what stands before the keys of the container: its name, where the keys that it has begin with it.
func (a *containerAsk) prefix() string {
	if slices.ContainsFunc(a.entries, func(e *annotation.Entry) bool { return e.Container != "" }) {
		return a.ref.Name + "."
	}
	return ""
}
