package policy

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Finding is something worth knowing about a probe that exists or is injected.
type Finding struct {
	Container string
	Kind      probe.Kind
	// Rule is the lint rule; empty for a risk that only deciding can see, which Reason names.
	Rule     lint.ID
	Reason   reason.Reason
	Severity lint.Severity
	// Message is the fact and what to do about it, without the container's name.
	Message string
	// Absent reports that there is no such probe, and that this is what was found.
	Absent bool
}

// findings are the risks that the steps have found, and what the lint rules say, the worst first.
func (p *Policy) findings(pod *podFacts, o *outcome, injections []Injection, notes bool) []Finding {
	linter := p.warner
	if notes {
		linter = p.linter
	}
	out := slices.Concat(o.admitted.findings, o.scheduled.findings)
	for i := range o.asked.containers {
		ask := &o.asked.containers[i]
		c := toLint(ask)
		for j := range injections {
			if in := &injections[j]; in.Container == ask.ref {
				c.Probes.Set(in.Kind, in.Probe)
				if in.Kind == probe.Readiness && ask.guessedReadiness {
					out = append(out, ask.guessFinding())
				}
			}
		}
		out = p.applyRules(linter, pod.Pod, &c, ask, o.softwareOf(p, ask), out)
	}
	return worstFirst(lintInit(linter, pod.Pod, out))
}

// lintInit looks at the init containers that no key can mean: they cannot have probes, and the API server says so in
// words of its own.
func lintInit(linter *lint.Linter, pod *workload.Pod, out []Finding) []Finding {
	for i := range pod.Spec.InitContainers {
		c := lint.Container{Container: &pod.Spec.InitContainers[i], Type: lint.Init}
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			continue
		}
		setExisting(&c)
		for _, f := range linter.Check(pod, &c) {
			out = append(out, Finding{Container: c.Name, Kind: f.Kind, Rule: f.Rule, Severity: f.Severity, Message: f.Message})
		}
	}
	return out
}

// softwareOf is what was found out of a container's software, and the profile that was named for one that was not looked at.
func (o *outcome) softwareOf(p *Policy, ask *containerAsk) software {
	i := slices.IndexFunc(o.plans, func(each plan) bool { return each.ask == ask })
	if i < 0 {
		return p.named(ask)
	}
	return o.plans[i].software
}

// Lint applies the lint rules to a Pod as it stands, whether or not it would ever be decided about.
func (p *Policy) Lint(pod *workload.Pod) []Finding {
	facts := factsOf(pod)
	var out []Finding
	for _, ask := range p.newMerge(&facts).all {
		c := toLint(ask)
		out = p.applyRules(p.linter, pod, &c, ask, p.softwareOf(ask), out)
	}
	return worstFirst(lintInit(p.linter, pod, out))
}

// applyRules applies the lint rules to the probes that a container will have: those that exist and those that are
// added. A container that has none is left out, because there is no probe to speak of.
func (p *Policy) applyRules(linter *lint.Linter, pod *workload.Pod, c *lint.Container, ask *containerAsk, s software, out []Finding) []Finding {
	if c.Probes.Len() == 0 {
		return out
	}
	p.describe(c, ask, &s)
	for _, f := range linter.Check(pod, c) {
		out = append(out, Finding{
			Container: ask.ref.Name, Kind: f.Kind, Rule: f.Rule, Severity: f.Severity, Message: f.Message,
			// What is not there cannot be wrong: its absence is worth knowing, and no warning.
			Absent: !c.Probes.Has(f.Kind),
		})
	}
	return out
}

// describe tells the lint rules what is known of the software in a container.
func (p *Policy) describe(c *lint.Container, ask *containerAsk, s *software) {
	c.StartupBudget = p.knownBudget(ask, s)
	if s.profile == nil {
		return
	}
	c.Own = &probe.Map[probe.Handler]{}
	place := detect.PlaceOf(c.Container, s.profile.settings)
	for _, kind := range probe.Kinds() {
		if own, has := s.profile.probes[kind]; has {
			h := own.handler
			if moved, ok := place.Move(h); ok {
				h = moved
			}
			if h.Port.IsZero() {
				h.Port.Number, _ = detect.ProfilePort(c.Container, s.profile.ports, s.profile.detect)
			}
			c.Own.Set(kind, h)
		}
	}
}

func worstFirst(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int { return rank(a.Severity) - rank(b.Severity) })
	return findings
}

// rank orders findings, the worst first.
func rank(s lint.Severity) int {
	return slices.Index([]lint.Severity{lint.Error, lint.Warning, lint.Info}, s)
}

// knownBudget is the longest healthy start, where a person, a profile or a variable says what the software is; 0 where
// only the generic class would.
func (p *Policy) knownBudget(ask *containerAsk, s *software) int32 {
	if ask.overrides.startupBudget > 0 {
		return ask.overrides.startupBudget
	}
	class, known := p.classOf(ask, s)
	switch {
	case s.profile != nil && s.profile.overrides.startupBudget > 0:
		return s.profile.overrides.startupBudget
	case !known || class.Name == timing.DefaultClassName:
		return 0
	}
	return class.StartupBudget
}

// toLint gives the lint rules a container with the probes that it has.
func toLint(ask *containerAsk) lint.Container {
	c := lint.Container{Container: ask.container}
	if ask.native {
		c.Type = lint.NativeSidecar
	}
	setExisting(&c)
	return c
}

// setExisting gives a container the probes that it has.
func setExisting(c *lint.Container) {
	for _, kind := range probe.Kinds() {
		if existing := c.Probe(kind); existing != nil {
			c.Probes.Set(kind, existing)
		}
	}
}
