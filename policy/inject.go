package policy

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// inject derives the times of a plan and turns it into injections. Figures of a person that contradict each other
// are mistakes like any other: they cost the probes that kill, and readiness only when it is concerned.
func (d *deciding) inject(p *plan) {
	if p.choices.Len() == 0 {
		return
	}
	schedule, clashes := timing.Derive(d.inputs(p))
	if len(clashes) > 0 {
		d.report(p, clashes)
		if schedule, clashes = timing.Derive(d.inputs(p)); len(clashes) > 0 {
			d.report(p, clashes)
		}
	}
	d.out.Injections = slices.Grow(d.out.Injections, p.choices.Len())
	startup := schedule.Startup
	if existing := p.request.container.StartupProbe; existing != nil {
		startup = timingOf(existing)
	}
	for _, kind := range probe.Kinds() {
		if c, ok := p.choices.Get(kind); ok {
			times := schedule.Of(kind)
			d.out.Injections = append(d.out.Injections, Injection{
				Container: p.request.ref, Kind: kind, Source: c.source, Evidence: c.evidence, Profile: p.request.profileOf(c),
				Timing: times, Startup: startup, Handler: c.handler, Probe: build(c.handler, times, p.request.hostHeader()),
			})
		}
	}
	d.warnStatefulSet(p)
}

// inputs gathers what the timing depends on: the class, then the profile's figures, then the person's.
func (d *deciding) inputs(p *plan) timing.Inputs {
	q := p.request
	in := timing.Inputs{
		Class:            d.policy.generic,
		Style:            d.policy.style,
		CPULimitMillis:   q.container.cpuLimitMillis(),
		MaxStartupBudget: d.policy.maxBudget,
		ExistingStartup:  q.container.StartupProbe != nil,
		Startup:          q.timingPlan(p, probe.Startup),
		Liveness:         q.timingPlan(p, probe.Liveness),
		Readiness:        q.timingPlan(p, probe.Readiness),
	}
	if existing := q.container.ReadinessProbe; existing != nil {
		in.ExistingReadinessWindow = windowOf(existing)
	}
	in.Class, _ = d.classOf(q)
	if described := q.describedBy(); described != nil {
		described.figures.override(&in)
	}
	q.figures.override(&in)
	return in
}

// figures are a person's answers to the three questions about time, in seconds; 0 is no answer.
type figures struct {
	startupBudget, restartAfter, unreadyAfter int32
}

// override puts the answers in the place of earlier ones.
func (f figures) override(in *timing.Inputs) {
	for _, each := range []struct {
		input  *int32
		answer int32
	}{{&in.StartupBudget, f.startupBudget}, {&in.RestartAfter, f.restartAfter}, {&in.UnreadyAfter, f.unreadyAfter}} {
		if each.answer > 0 {
			*each.input = each.answer
		}
	}
}

// windowOf bounds what is read from a probe that somebody else wrote, so that nothing computed from it overflows.
func windowOf(existing *corev1.Probe) int32 {
	const longest = 86400
	return int32(min(int64(longest), max(0, int64(existing.FailureThreshold)*int64(existing.PeriodSeconds))))
}

func (q *request) timingPlan(p *plan, kind probe.Kind) timing.Plan {
	chosen, ok := p.choices.Get(kind)
	if !ok {
		return timing.Plan{}
	}
	merged := timing.Fields{}
	if described := q.describedBy(); described != nil && !chosen.explicit {
		merged = described.probes[kind].fields
	}
	if own, ok := q.fields.Get(kind); ok {
		merged = merged.Override(own)
	}
	return timing.Plan{Inject: true, Exec: chosen.handler.Scheme == probe.Exec, Fields: merged}
}

// hostHeader is the person's, else the profile's.
func (q *request) hostHeader() string {
	if described := q.describedBy(); q.host == "" && described != nil {
		return described.hostHeader
	}
	return q.host
}

// report turns contradictions into errors and withholds what they concern.
func (d *deciding) report(p *plan, clashes []timing.Clash) {
	for _, clash := range clashes {
		key := p.request.keyOf(clash)
		d.out.Errors = append(d.out.Errors, field.Invalid(keyPath(key), d.pod.annotations()[key], clash.Fact))
		if clash.Kind == probe.Readiness {
			d.withhold(p, probe.Readiness)
		}
	}
	d.withhold(p, probe.Startup)
	d.withhold(p, probe.Liveness)
}

func (d *deciding) withhold(p *plan, kind probe.Kind) {
	if p.choices.Has(kind) {
		p.choices.Delete(kind)
		d.skip(p.request, kind, reason.InvalidAnnotation, "")
	}
}

// keyOf finds the annotation to blame for a contradiction: the one that set the field or the figure, else the
// profile, whose figures they then are.
func (q *request) keyOf(clash timing.Clash) string {
	for _, name := range []string{clash.Subject(), string(timing.InputOf(clash.Kind)), string(annotation.Profile)} {
		// The last one that set it is the one that counts.
		for _, e := range slices.Backward(q.entries) {
			if e.Name() == name {
				return e.Key
			}
		}
	}
	return annotation.Key("", clash.Subject())
}

// warnStatefulSet tells of the one risk of readiness: a StatefulSet whose Pods find each other only when ready.
func (d *deciding) warnStatefulSet(p *plan) {
	owner := controllerOf(d.pod)
	if p.choices.Has(probe.Readiness) && owner != nil && owner.Kind == "StatefulSet" {
		d.find(p.request, probe.Readiness, SeverityWarning,
			"StatefulSet: peers that look each other up before they are ready need publishNotReadyAddresses")
	}
}

// build makes the probe. Every number is explicit; host is never set, because Pod Security forbids it.
func build(h probe.Handler, t timing.Timing, host string) *corev1.Probe {
	p := &corev1.Probe{
		InitialDelaySeconds:           t.InitialDelaySeconds,
		TimeoutSeconds:                t.TimeoutSeconds,
		PeriodSeconds:                 t.PeriodSeconds,
		SuccessThreshold:              t.SuccessThreshold,
		FailureThreshold:              t.FailureThreshold,
		TerminationGracePeriodSeconds: t.TerminationGracePeriodSeconds,
	}
	port := intstr.FromInt32(h.Port.Number)
	switch h.Scheme {
	case probe.Exec:
		p.Exec = &corev1.ExecAction{Command: h.Command}
	case probe.TCP:
		p.TCPSocket = &corev1.TCPSocketAction{Port: port}
	case probe.GRPC:
		p.GRPC = &corev1.GRPCAction{Port: h.Port.Number, Service: &h.Service}
	default:
		p.HTTPGet = &corev1.HTTPGetAction{Path: h.Path, Port: port, Scheme: corev1.URISchemeHTTP}
		if h.Scheme == probe.HTTPS {
			p.HTTPGet.Scheme = corev1.URISchemeHTTPS
		}
		if host != "" {
			p.HTTPGet.HTTPHeaders = []corev1.HTTPHeader{{Name: "Host", Value: host}}
		}
	}
	return p
}
