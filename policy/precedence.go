package policy

import (
	"slices"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// Where the handler of one probe of one container comes from. The first row that applies decides; the tests have
// the same rows in the same order.
//
//	#  existing | container's | container | probe's key  | another key | profile     | ports   | outcome
//	   probe    | restart-    | inject:   |              | is wrong    | or rule     | decide  |
//	            | Policy      | "false"   |              |             |             |         |
//	1  any      | not Always  | any       | any          | any         | any         | any     | restart_policy
//	2  any      | Always      | yes       | any          | any         | any         | any     | opted_out
//	3  any      | Always      | no        | "false"      | any         | any         | any     | declined
//	4  any      | Always      | no        | none         | any         | not asked   | any     | nothing, silently
//	5  yes      | Always      | no        | any          | any         | any         | any     | existing_probe
//	6  no       | Always      | no        | wrong        | –           | any         | any     | invalid_annotation
//	7  no       | Always      | no        | any          | yes, and    | any         | any     | invalid_annotation
//	            |             |           |              | probe kills |             |         |
//	8  no       | Always      | no        | a handler    | no          | any         | any     | that handler, with the risk
//	9  no       | Always      | no        | "true"/asked | no          | an obstacle | any     | the obstacle's reason
//	10 no       | Always      | no        | "true"/asked | no          | offers it   | any     | the profile's handler
//	11 no       | Always      | no        | "true"/asked | no          | does not    | any     | not_offered
//	12 no       | Always      | no        | "true"/asked | no          | none        | yes     | tcp on that port
//	13 no       | Always      | no        | "true"/asked | no          | none        | no      | no_port, ambiguous_ports, …
//
// "Profile" is the one that a key or the rule names, else the one that the container is recognised by.
//
// The startup probe has one more way to be wanted: a liveness probe that we inject brings it along, with its own
// handler, unless its key says "false", the policy's style is InitialDelay, or the container is a native sidecar,
// whose startup probe would hold up the Pod.

// plan decides the handlers of one container.
func (d *deciding) plan(q *request) {
	switch {
	case !q.native && !q.container.restartsAlways():
		d.skip(q, "", reason.RestartPolicy, "")
		return
	case q.inject != nil && !*q.inject:
		d.skip(q, "", reason.OptedOut, "")
		return
	}
	q.asksForAll = (q.inject != nil && *q.inject) || (q.profile != nil && d.asked)
	if d.asked && !q.asksForAll && q.asks.Len() == 0 && q.failed.Len() == 0 {
		d.skip(q, "", notAskedReason(q), "")
		return
	}
	if q.profile == nil {
		d.recognise(q)
	}
	p := plan{request: q}
	for _, kind := range [...]probe.Kind{probe.Liveness, probe.Readiness} {
		if d.wanted(q, kind) {
			d.choose(&p, kind)
		}
	}
	d.chooseStartup(&p)
	d.plans = append(d.plans, p)
}

// notAskedReason tells a Pod that forgot to ask from one whose asking could not be read.
func notAskedReason(q *request) reason.Reason {
	if q.blockedInject || q.blockedProfile {
		return reason.InvalidAnnotation
	}
	return reason.NotAsked
}

// wanted says whether a probe is asked for, and records the one that is declined.
func (d *deciding) wanted(q *request, kind probe.Kind) bool {
	if d.rule != nil {
		return slices.Contains(d.rule.Probes, kind)
	}
	ask, has := q.asks.Get(kind)
	if has && ask.None {
		d.skip(q, kind, reason.Declined, "")
		return false
	}
	return has || q.failed.Has(kind) || q.asksForAll
}

// choose finds the handler of a wanted probe, or records why there is none.
func (d *deciding) choose(p *plan, kind probe.Kind) {
	q := p.request
	if q.container.existing(kind) != nil {
		d.skip(q, kind, reason.ExistingProbe, "")
		return
	}
	if d.isInvalid(q, kind) {
		d.skip(q, kind, reason.InvalidAnnotation, "")
		return
	}
	chosen, why, detail := d.handlerFor(q, kind)
	if why != "" {
		d.skip(q, kind, why, detail)
		return
	}
	if q.blockedHost && isHTTP(chosen.handler) {
		d.skip(q, kind, reason.InvalidAnnotation, "")
		return
	}
	p.choices.Set(kind, chosen)
}

// isInvalid applies the rule that doubt costs the probes that can kill, and readiness only where its own inputs
// are wrong.
func (d *deciding) isInvalid(q *request, kind probe.Kind) bool {
	if kind.Kills() {
		return q.doubt || q.failed.Has(kind)
	}
	ask, has := q.asks.Get(kind)
	named := has && !ask.Choose()
	return q.failed.Has(kind) || q.blockedReadiness || (q.blockedProfile && !named) || (q.blockedInject && !has && q.profile == nil)
}

// handlerFor goes through the layers. An empty reason means that a handler was found.
func (d *deciding) handlerFor(q *request, kind probe.Kind) (choice, reason.Reason, string) {
	if ask, has := q.asks.Get(kind); has && !ask.Choose() {
		handler, why, detail := d.resolve(q, ask.Handler)
		if why == "" {
			d.noteRisks(q, kind, handler)
		}
		return choice{handler: handler, source: SourceAnnotation, explicit: true}, why, detail
	}
	if why := d.obstacle(q); why != "" {
		return choice{}, why, ""
	}
	if q.profile != nil {
		return d.fromProfile(q, q.profile, kind)
	}
	return d.fromEvidence(q, kind)
}

// fromProfile takes the handler that a profile offers.
func (d *deciding) fromProfile(q *request, p *profile, kind probe.Kind) (choice, reason.Reason, string) {
	offered, ok := p.offers(kind, d.asked, q.asks.Has(kind))
	if !ok {
		return choice{}, p.refuses(kind, d.asked), p.name
	}
	handler, why, detail := d.resolve(q, offered.handler)
	if why == "" {
		why = d.handlerObstacle(handler)
	}
	return choice{handler: handler, source: SourceProfile}, why, detail
}

// chooseStartup decides the startup probe, after liveness: the one asked for by its own key, or the guard of a
// liveness probe that is going to be injected. A guard that was asked for and cannot be given takes the liveness
// probe with it, because its start would be guarded by something nobody wanted.
func (d *deciding) chooseStartup(p *plan) {
	q := p.request
	live, hasLiveness := p.choices.Get(probe.Liveness)
	ask, has := q.asks.Get(probe.Startup)
	switch {
	case has && ask.None:
		d.skip(q, probe.Startup, reason.Declined, "")
	case q.container.StartupProbe != nil:
		if has || q.failed.Has(probe.Startup) {
			d.skip(q, probe.Startup, reason.ExistingProbe, "")
		}
	case q.failed.Has(probe.Startup):
		d.skip(q, probe.Startup, reason.InvalidAnnotation, "")
	case has && !ask.Choose():
		d.choose(p, probe.Startup)
		if !p.choices.Has(probe.Startup) && hasLiveness {
			p.choices.Delete(probe.Liveness)
			d.skip(q, probe.Liveness, reason.InvalidAnnotation, "")
		}
	case hasLiveness && (has || d.guards(q)):
		p.choices.Set(probe.Startup, d.guardOf(q, live))
	case has:
		d.choose(p, probe.Startup)
	}
}

// guards says whether an injected liveness probe brings a startup probe along.
func (d *deciding) guards(q *request) bool {
	return d.policy.style != styleInitialDelay && !q.native
}

// guardOf is the startup probe beside an injected liveness probe: the profile's own, when the liveness probe is the
// profile's too, else the liveness probe's handler. It is never stricter than liveness.
func (d *deciding) guardOf(q *request, live choice) choice {
	if live.source != SourceProfile && live.source != SourceEvidence {
		return live
	}
	own, ok := q.describedBy().offers(probe.Startup, d.asked, true)
	if !ok {
		return live
	}
	handler, why, _ := d.resolve(q, own.handler)
	if why != "" {
		return live
	}
	return choice{handler: handler, source: live.source, evidence: live.evidence}
}
