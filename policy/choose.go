package policy

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// Where the handler of one probe of one container comes from. The first row that applies decides; the tests have
// the same rows in the same order.
//
//	#  existing | container's | container | probe's key  | another key | profile      | ports   | outcome
//	   probe    | restart-    | inject:   |              | is wrong    | or rule      | decide  |
//	            | Policy      | "false"   |              |             |              |         |
//	1  any      | not Always  | any       | any          | any         | any          | any     | restart_policy
//	2  any      | Always      | yes       | any          | any         | any          | any     | opted_out
//	3  any      | Always      | no        | "false"      | any         | any          | any     | declined
//	4  any      | Always      | no        | none         | any         | not asked    | any     | nothing, silently
//	5  yes      | Always      | no        | any          | any         | any          | any     | existing_probe
//	6  no       | Always      | no        | wrong        | –           | any          | any     | invalid_annotation
//	7  no       | Always      | no        | any          | yes, and    | any          | any     | invalid_annotation
//	            |             |           |              | probe kills |              |         |
//	8  no       | Always      | no        | a handler    | no          | any          | any     | that handler, with the risk
//	9  no       | Always      | no        | "true"/asked | no          | an exclusion | any     | the exclusion's reason
//	10 no       | Always      | no        | "true"/asked | no          | offers it    | any     | the profile's handler
//	11 no       | Always      | no        | "true"/asked | no          | does not     | any     | not_offered
//	12 no       | Always      | no        | "true"/asked | no          | none         | yes     | tcp on that port
//	13 no       | Always      | no        | "true"/asked | no          | none         | no      | no_port, ambiguous_ports, …
//
// "Profile" is the one that a key or the rule names, else the one of the software that is detected.
//
// The startup probe has one more way to be wanted: an injected liveness probe brings it along, with its own
// handler, unless its key says "false", the policy's style is InitialDelay, or the container is a native sidecar,
// whose startup probe would hold up the Pod. Beside a liveness probe that exists, startup: "true" copies what that asks.

// plan is what one container could get, before it is known whether it may be there.
type plan struct {
	ask      *containerAsk
	software software

	liveness, readiness proposal
	startup             startupProposal
	// refusal is why the container gets nothing at all.
	refusal refusal
}

// proposal is a handler for a probe that is wanted, or why there is none. The zero value is a probe that nobody wants.
type proposal struct {
	kind      probe.Kind
	wanted    bool
	candidate candidate
	refusal   refusal
}

// has reports whether there is a candidate.
func (p *proposal) has() bool { return p.wanted && !p.refusal.refuses() }

// startupProposal is a startup probe of its own, or the guard of a liveness probe.
type startupProposal struct {
	own proposal
	// required reports that liveness must not be injected without own, which a person named.
	required bool
	// guard takes the place of own where liveness is injected; nil where liveness brings none along.
	guard *candidate
}

// candidate is a handler with its port resolved, and where it came from.
type candidate struct {
	kind    probe.Kind
	handler probe.Handler
	source  Source
	// evidence is why it is believed, where source is SourceEvidence or SourceInference.
	evidence detect.Evidence
	// profile is the name of the profile that it comes from, if it comes from one.
	profile string
	// copied is the liveness probe of the Pod whose handler a startup probe takes over; else nil.
	copied *corev1.Probe
	// explicit reports that a key names the handler: a person took the decision; writtenPort that it names the port too.
	explicit    bool
	writtenPort bool
}

// chooser chooses the handlers of one container. It only looks.
type chooser struct {
	policy   *Policy
	pod      *podFacts
	ask      *containerAsk
	software software
	optedIn  bool
}

// choose finds the handlers for all containers that are concerned.
func (p *Policy) choose(pod *podFacts, a *asked) []plan {
	var plans []plan
	for i := range a.containers {
		if !a.containers[i].concerned {
			continue
		}
		c := chooser{policy: p, pod: pod, ask: &a.containers[i], optedIn: a.optedIn}
		plans = append(plans, c.plan())
	}
	return plans
}

// plan chooses the handlers of one container.
func (c *chooser) plan() plan {
	if why := c.refuseContainer(); why.refuses() {
		return plan{ask: c.ask, software: c.policy.named(c.ask), refusal: why}
	}
	c.software = c.policy.softwareOf(c.ask)
	out := plan{ask: c.ask, software: c.software, liveness: c.propose(probe.Liveness), readiness: c.propose(probe.Readiness)}
	out.startup = c.proposeStartup(&out.liveness)
	return out
}

// refuseContainer is why the container as a whole gets nothing.
func (c *chooser) refuseContainer() refusal {
	switch {
	case c.ask.inject != nil && !*c.ask.inject:
		return because(reason.OptedOut)
	case !c.optedIn, c.ask.wants.Len() > 0:
		return refusal{}
	case c.ask.blockedInject || c.ask.blockedProfile:
		return because(reason.InvalidAnnotation)
	}
	return c.notAsked()
}

// propose finds the handler of a probe that is wanted, or why there is none.
func (c *chooser) propose(kind probe.Kind) proposal {
	if !c.ask.wants.Has(kind) {
		return proposal{}
	}
	out := proposal{kind: kind, wanted: true, refusal: c.refuse(kind)}
	if !out.refusal.refuses() {
		out.candidate, out.refusal = c.candidate(kind)
		if c.ask.guessedReadiness && (out.refusal.Reason == reason.NoPort || out.refusal.Reason == reason.UDPOnly) {
			// The container that was meant is likely another one, which has a port.
			out.refusal = because(reason.AmbiguousContainers)
		}
		out.candidate.kind = kind
	}
	return out
}

// refuse is why a probe that is wanted is not even looked for.
func (c *chooser) refuse(kind probe.Kind) refusal {
	switch {
	case kind.Kills() && !c.isRestarted():
		return because(reason.RestartPolicy)
	case c.ask.declines(kind):
		return because(reason.Declined)
	case c.ask.container.Probe(kind) != nil:
		return because(reason.ExistingProbe)
	case kind.Kills() && c.ask.guessed && !c.ask.handlers.Has(kind):
		return because(reason.AmbiguousContainers)
	case c.ask.isInvalid(kind):
		return because(reason.InvalidAnnotation)
	}
	return refusal{}
}

// isRestarted reports whether the container is started again after a probe has killed it, whatever its exit code: its own
// restartPolicy goes before the Pod's, and a native sidecar is always restarted (pkg/api/v1/pod/util.go).
func (c *chooser) isRestarted() bool {
	if own := c.ask.container.RestartPolicy; c.ask.native || own != nil {
		return c.ask.container.RestartsAlways()
	}
	return c.pod.RestartsAlways()
}

// declines reports whether the probe's own key says "false".
func (a *containerAsk) declines(kind probe.Kind) bool {
	own, has := a.handlers.Get(kind)
	return has && own.None
}

// names reports whether the probe's own key names a handler, and does not leave the choice to us.
func (a *containerAsk) names(kind probe.Kind) bool {
	own, has := a.handlers.Get(kind)
	return has && !own.Choose()
}

// isInvalid applies the rule that an invalid annotation costs the probes that can kill, and readiness only where its own
// inputs are wrong.
func (a *containerAsk) isInvalid(kind probe.Kind) bool {
	if kind.Kills() {
		return a.suspect || a.failed.Has(kind)
	}
	return a.failed.Has(kind) || a.blockedReadiness || (a.blockedProfile && !a.names(kind)) ||
		(a.blockedInject && !a.handlers.Has(kind) && a.profile == nil)
}

// candidate goes through the layers: the probe's own key, a named profile, evidence.
func (c *chooser) candidate(kind probe.Kind) (candidate, refusal) {
	if c.ask.names(kind) {
		own, _ := c.ask.handlers.Get(kind)
		handler, why := c.resolve(own.Handler, useWritten)
		return candidate{handler: handler, source: SourceAnnotation, explicit: true, writtenPort: !own.Handler.Port.IsZero()}, why
	}
	if why := c.policy.excludeContainer(c.pod, c.ask); why.refuses() {
		return candidate{}, why
	}
	if c.ask.profile != nil {
		return c.fromProfile(c.ask.profile, kind, SourceProfile)
	}
	return c.fromEvidence(kind)
}

// fromProfile takes the handler that a profile offers.
func (c *chooser) fromProfile(p *profile, kind probe.Kind, source Source) (candidate, refusal) {
	offered, ok := p.offers(kind, c.optedIn, c.ask.handlers.Has(kind))
	if !ok {
		return candidate{}, refusal{p.refuses(kind, c.optedIn), p.name}
	}
	handler, why := c.settled(p, offered.handler)
	if why.refuses() || handler.Scheme == offered.handler.Scheme || kind == probe.Readiness || c.optedIn || handler.Scheme != probe.TCP {
		return candidate{handler: handler, source: source, profile: p.name}, why
	}
	// What restarts a container on behalf of a rule asks what the profile asks, or nothing.
	return candidate{}, refusal{reason.NotOffered, p.name}
}

// fromEvidence finds a handler that nobody wrote: that of the profile of the detected software, or a bare connection to a
// port. The connection proves that the port is open, not that anybody answers.
func (c *chooser) fromEvidence(kind probe.Kind) (candidate, refusal) {
	if kind.Kills() && c.optedIn && !c.policy.inferLiveness {
		return candidate{}, because(reason.LivenessNotInferred)
	}
	detected := c.software.detected
	overridden := c.software.commandOverridden
	switch {
	case overridden != "" && (!c.optedIn || (kind.Kills() && !c.ask.handlers.Has(kind))):
		return candidate{}, refusal{reason.CommandOverridden, overridden}
	case detected == nil:
		return c.fromPorts()
	}
	found, why := c.fromProfile(detected, kind, SourceEvidence)
	found.evidence = c.software.evidence
	return found, why
}

// fromPorts infers a bare connection from the container's ports.
func (c *chooser) fromPorts() (candidate, refusal) {
	found, why := c.portEvidence()
	if why.refuses() {
		return candidate{}, why
	}
	handler := probe.Handler{Scheme: probe.TCP, Port: probe.Port{Number: found.port}}
	return candidate{handler: handler, source: SourceInference, evidence: found.evidence}, refusal{}
}

// portFound is a port and why it is believed.
type portFound struct {
	port     int32
	evidence detect.Evidence
}

// portEvidence finds the port that a container serves on, by the strongest evidence.
func (c *chooser) portEvidence() (portFound, refusal) {
	if found, ok := c.probedPort(); ok {
		return found, refusal{}
	}
	port, why := c.policy.ports.choose(c.ask.container, probe.Handler{Scheme: probe.TCP}, useConnection)
	if why.refuses() {
		return portFound{}, why
	}
	return portFound{port: port.ContainerPort, evidence: c.policy.ports.evidence(&port, len(c.ask.container.TCPPorts()))}, refusal{}
}

// probedPort is the port that other probes of the container have, those that somebody wrote into the Pod and those that a
// key names. What was injected in an earlier pass proves nothing. Where they have several ports, none is proven.
func (c *chooser) probedPort() (portFound, bool) {
	var found portFound
	for _, kind := range probe.Kinds() {
		port, ok := c.portWritten(kind)
		switch {
		case !ok:
			continue
		case port == 0 || (found.port != 0 && found.port != port):
			return portFound{}, false
		}
		found = portFound{port: port, evidence: detect.Evidence{Kind: detect.EvidenceExistingProbe, Detail: kind.FieldName()}}
	}
	return found, found.port != 0
}

// portWritten is the port of one probe that a person wrote, 0 where it cannot be known, and whether there is such a probe.
func (c *chooser) portWritten(kind probe.Kind) (int32, bool) {
	if existing := c.ask.container.Probe(kind); existing != nil && !c.pod.lists(c.ask.ref.Name, kind, existing) {
		handler := probe.HandlerOf(existing)
		if !c.isSane(kind, existing) {
			return 0, false
		}
		return portNumber(c.ask.container, handler.Port), handler.OverNetwork()
	}
	own, has := c.ask.handlers.Get(kind)
	if !has || own.None || own.Choose() || !own.Handler.OverNetwork() {
		return 0, false
	}
	handler, why := c.resolve(own.Handler, useWritten)
	return handler.Port.Number, !why.refuses()
}

// isSane reports whether a probe that somebody wrote proves anything: it asks this container, and no lint rule calls it an
// error.
func (c *chooser) isSane(kind probe.Kind, existing *corev1.Probe) bool {
	if (existing.HTTPGet != nil && existing.HTTPGet.Host != "") || (existing.TCPSocket != nil && existing.TCPSocket.Host != "") {
		return false
	}
	as := toLint(c.ask)
	return !slices.ContainsFunc(c.policy.warner.Check(c.pod.Pod, &as), func(f lint.Finding) bool {
		return f.Kind == kind && f.Severity == lint.Error
	})
}
