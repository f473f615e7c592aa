package policy

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// scheduled is every probe with its times, and what contradictions between the times have cost.
type scheduled struct {
	injections []Injection
	refused    []Skip
	// mistakes are times of a person that contradict each other.
	mistakes []mistake
	// findings are the risks of what is injected.
	findings []Finding
}

// schedule derives the times of what was admitted, container by container.
func (p *Policy) schedule(pod *podFacts, a admitted) scheduled {
	var out scheduled
	for i := range a.containers {
		each := p.settle(pod, a.containers[i])
		if i == 0 {
			out = each
			continue
		}
		out.injections = append(out.injections, each.injections...)
		out.refused = append(out.refused, each.refused...)
		out.mistakes = append(out.mistakes, each.mistakes...)
		out.findings = append(out.findings, each.findings...)
	}
	return out
}

// scheduleContainer derives the times of one container. Times of a person that contradict each other are mistakes like any
// other: they cost the probes that kill, and readiness only when it is concerned.
func (p *Policy) scheduleContainer(pod *podFacts, a admittedContainer, out *scheduled) {
	derived, clashes := timing.Derive(p.inputs(pod, &a))
	if len(clashes) > 0 {
		out.withholdAll(pod, &a, clashes)
		if derived, clashes = timing.Derive(p.inputs(pod, &a)); len(clashes) > 0 {
			out.withholdAll(pod, &a, clashes)
		}
	}
	var added probe.Map[*corev1.Probe]
	for _, kind := range probe.Kinds() {
		if c, ok := a.handlers.Get(kind); ok {
			added.Set(kind, build(&c, derived.Of(kind), a.headers(&c)))
		}
	}
	timeline := pod.timelineOf(a.ask.container, &added)
	out.injections = slices.Grow(out.injections, a.handlers.Len())
	for _, kind := range probe.Kinds() {
		if c, ok := a.handlers.Get(kind); ok {
			made, _ := added.Get(kind)
			out.injections = append(out.injections, Injection{
				Container: a.ask.ref, Kind: kind, Source: c.source, Evidence: c.evidence, Profile: c.profile,
				Timeline: timeline, Handler: c.handler, Probe: made, CopiesLiveness: c.copied != nil,
			})
		}
	}
	out.noteRisks(pod, &a, &timeline)
}

// noteRisks tells what the times of what is injected mean for the container.
func (out *scheduled) noteRisks(pod *podFacts, a *admittedContainer, timeline *timing.Timeline) {
	if a.handlers.Has(probe.Liveness) && !timeline.Startup.IsZero() && !timeline.Guarded {
		out.findings = append(out.findings, Finding{
			Container: a.ask.ref.Name, Kind: probe.Liveness, Reason: reason.LivenessNotCopied, Severity: lint.Warning,
			Message: fmt.Sprintf("waits %d s after each start, because startupProbe asks something else", timeline.Liveness.InitialDelaySeconds),
		})
	}
	if a.handlers.Has(probe.Readiness) && pod.IsStatefulSet() {
		// The one risk of readiness.
		out.findings = append(out.findings, Finding{
			Container: a.ask.ref.Name, Kind: probe.Readiness, Reason: reason.StatefulSet, Severity: lint.Warning,
			Message: "StatefulSet: peers that look each other up before they are ready need publishNotReadyAddresses",
		})
	}
}

// inputs gathers what the timing depends on: the class, then what the profile suggests, then the person's figures.
func (p *Policy) inputs(pod *podFacts, a *admittedContainer) timing.Inputs {
	c := a.ask.container
	in := timing.Inputs{
		Style:            p.style,
		CPULimitMillis:   c.CPULimitMillis(),
		MaxStartupBudget: p.maxBudget,
		StartupBudget:    a.ask.overrides.startupBudget,
		RestartAfter:     a.ask.overrides.restartAfter,
		UnreadyAfter:     a.ask.overrides.unreadyAfter,
		Startup:          a.timingPlan(probe.Startup),
		Liveness:         a.timingPlan(probe.Liveness),
		Readiness:        a.timingPlan(probe.Readiness),
	}
	if c.ReadinessProbe != nil {
		in.ExistingReadinessWindow = windowOf(c.ReadinessProbe)
	}
	in.Class, _ = p.classOf(a.ask, &a.software)
	if a.software.profile != nil {
		in.Suggested = a.software.profile.overrides.figures()
	}
	a.relateStartup(pod, &in)
	return in
}

// relateStartup settles what the startup probe is to the liveness probe, whoever wrote them.
func (a *admittedContainer) relateStartup(pod *podFacts, in *timing.Inputs) {
	c := a.ask.container
	startup, liveness := a.asked(probe.Startup), a.asked(probe.Liveness)
	if !in.Liveness.Inject && c.LivenessProbe != nil {
		in.ExistingLiveness = timing.Of(c.LivenessProbe)
	}
	if startup == nil || liveness == nil {
		return
	}
	named, _ := a.handlers.Get(probe.Startup)
	in.SameCheck = asksTheSame(c, startup, liveness) || !named.explicit
	ours := in.Startup.Inject || pod.lists(c.Name, probe.Startup, startup)
	guarded := guards(c, startup, liveness, ours)
	in.ExistingStartup = guarded && !in.Startup.Inject
	in.Unguarded = !guarded && in.Startup.Inject
}

// asked is what the container's probe of a kind will ask, without its times; nil where it will have none.
func (a *admittedContainer) asked(kind probe.Kind) *corev1.Probe {
	if c, ok := a.handlers.Get(kind); ok {
		return build(&c, timing.Timing{}, a.headers(&c))
	}
	return a.ask.container.Probe(kind)
}

// classOf is the timing class of a container: that of the profile that describes it, else the one that its variables, its
// arguments or its image suggest. A hint never shortens the start that unknown software gets: a variable may have been left over from
// something else. Whatever has a GPU may load a model first. False means that nothing is known.
func (p *Policy) classOf(ask *containerAsk, s *software) (timing.Class, bool) {
	class, known := p.generic, false
	if s.profile != nil {
		class, known = s.profile.class, true
	} else if hint := p.hintFor(ask, s); hint != nil {
		class, known = timing.ClassByName(hint.Class)
		class.StartupBudget = max(class.StartupBudget, p.generic.StartupBudget)
	}
	if ask.container.Resources.Limits.Accelerator {
		model, _ := timing.ClassByName(modelClass)
		if !known {
			return model, true
		}
		class.StartupBudget = max(class.StartupBudget, model.StartupBudget)
	}
	return class, known
}

// modelClass is the class of what loads model weights.
const modelClass = "model"

// hintFor is the first hint that fits a container; nil where there is none. An image whose command is another hints at
// nothing.
func (p *Policy) hintFor(ask *containerAsk, s *software) *catalogue.ClassHint {
	img := detect.ParseImage(ask.container.Image, p.imageMirrors)
	byImage := s.commandOverridden == "" && p.hintedImages[img.Last]
	for i := range p.classHints {
		h := &p.classHints[i]
		if (byImage && img.IsNamed(h.Images)) || showsHint(ask.container, h) {
			return h
		}
	}
	return nil
}

// showsHint reports whether the variables or the arguments of a container fit a hint. Every review comes here: nothing is
// allocated.
func showsHint(c *workload.Container, h *catalogue.ClassHint) bool {
	if slices.ContainsFunc(h.Env, c.Env.Has) {
		return true
	}
	if slices.ContainsFunc(h.Args, c.Mentions) {
		return true
	}
	return false
}

// overrides are answers to the three questions about time, in seconds; 0 is no answer.
type overrides struct {
	startupBudget, restartAfter, unreadyAfter int32
}

// apply puts the answers in the place of earlier ones.
func (o overrides) apply(in *timing.Inputs) {
	in.StartupBudget, in.RestartAfter, in.UnreadyAfter = o.startupBudget, o.restartAfter, o.unreadyAfter
}

// figures are the answers of a profile, as the timing takes them.
func (o overrides) figures() timing.Figures {
	return timing.Figures{StartupBudget: o.startupBudget, RestartAfter: o.restartAfter, UnreadyAfter: o.unreadyAfter}
}

// windowOf bounds what is read from a probe that somebody else wrote, so that nothing computed from it overflows.
func windowOf(existing *corev1.Probe) int32 {
	const longest = 86400
	return int32(min(int64(longest), max(0, int64(existing.FailureThreshold)*int64(existing.PeriodSeconds))))
}

func (a *admittedContainer) timingPlan(kind probe.Kind) timing.Plan {
	c, ok := a.handlers.Get(kind)
	if !ok {
		return timing.Plan{}
	}
	out := timing.Plan{Inject: true, Exec: c.handler.Scheme == probe.Exec}
	if a.software.profile != nil && !c.explicit {
		out.Suggested = a.software.profile.probes[kind].fields
	}
	out.Fields, _ = a.ask.fields.Get(kind)
	return out
}

// headers are those of the probe that is copied, else the Host, then the handler's own headers, else the profile's. They have
// an array of their own: the profile's belongs to every Pod.
func (a *admittedContainer) headers(c *candidate) []corev1.HTTPHeader {
	if c.copied != nil && c.copied.HTTPGet != nil {
		return slices.Clone(c.copied.HTTPGet.HTTPHeaders)
	}
	var all []corev1.HTTPHeader
	if host := a.hostHeader(); host != "" {
		all = append(all, corev1.HTTPHeader{Name: "Host", Value: host})
	}
	switch {
	case c.handler.Headers != nil:
		all = append(all, c.handler.Headers...)
	case a.software.profile != nil:
		all = append(all, a.software.profile.headers...)
	}
	return all
}

// hostHeader is the person's, else the profile's.
func (a *admittedContainer) hostHeader() string {
	if a.ask.host == "" && a.software.profile != nil {
		return a.software.profile.hostHeader
	}
	return a.ask.host
}

// withholdAll turns contradictions into mistakes and withholds what they concern.
func (out *scheduled) withholdAll(pod *podFacts, a *admittedContainer, clashes []timing.Clash) {
	for _, clash := range clashes {
		key := a.ask.keyOf(clash)
		err := field.Invalid(keyPath(key), pod.Annotations()[key], clash.Fact)
		// The figures of a clash are those of the values.
		out.mistakes = append(out.mistakes, mistake{err, "does not fit the other figures"})
		if clash.Kind == probe.Readiness {
			out.withhold(a, probe.Readiness)
		}
	}
	out.withhold(a, probe.Startup)
	out.withhold(a, probe.Liveness)
}

func (out *scheduled) withhold(a *admittedContainer, kind probe.Kind) {
	if a.handlers.Has(kind) {
		a.handlers.Delete(kind)
		out.refused = append(out.refused, because(reason.InvalidAnnotation).skip(a.ask.ref.Name, kind))
	}
}

// keyOf finds the annotation to blame for a contradiction: the one that set the field or the figure, else the
// profile, whose figures they then are.
func (a *containerAsk) keyOf(clash timing.Clash) string {
	for _, name := range []string{clash.Subject(), string(timing.InputOf(clash.Kind)), string(annotation.Profile)} {
		// The last one that set it is the one that counts.
		for _, e := range slices.Backward(a.entries) {
			if e.Name() == name {
				return e.Key
			}
		}
	}
	return annotation.Key("", clash.Subject())
}

// build makes the probe. Every number is explicit; host is never set, because Pod Security forbids it.
func build(c *candidate, t timing.Timing, headers []corev1.HTTPHeader) *corev1.Probe {
	p := &corev1.Probe{
		InitialDelaySeconds:           t.InitialDelaySeconds,
		TimeoutSeconds:                t.TimeoutSeconds,
		PeriodSeconds:                 t.PeriodSeconds,
		SuccessThreshold:              t.SuccessThreshold,
		FailureThreshold:              t.FailureThreshold,
		TerminationGracePeriodSeconds: t.TerminationGracePeriodSeconds,
	}
	h, port := &c.handler, intstr.FromInt32(c.handler.Port.Number)
	switch h.Scheme {
	case probe.Exec:
		p.Exec = &corev1.ExecAction{Command: h.Command}
	case probe.TCP:
		p.TCPSocket = &corev1.TCPSocketAction{Port: port}
	case probe.GRPC:
		p.GRPC = &corev1.GRPCAction{Port: h.Port.Number, Service: new(h.Service)}
	default:
		p.HTTPGet = &corev1.HTTPGetAction{Path: h.Path, Port: port, Scheme: corev1.URISchemeHTTP, HTTPHeaders: headers}
		if h.Scheme == probe.HTTPS {
			p.HTTPGet.Scheme = corev1.URISchemeHTTPS
		}
	}
	return p
}
