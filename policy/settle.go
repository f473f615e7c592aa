package policy

import (
	"slices"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// settle derives the times of one container, and takes back each probe that the program chose and that a lint rule would
// call an error or a warning, beside whatever the container has: nothing that nobody wrote may be what we warn of.
func (p *Policy) settle(pod *podFacts, a admittedContainer) scheduled {
	var refused []Skip
	for a.handlers.Len() > 0 {
		var out scheduled
		p.scheduleContainer(pod, a, &out)
		kind, rule := p.objection(pod, &a, out.injections)
		if kind == "" {
			out.refused = append(refused, out.refused...)
			return out
		}
		refused = append(refused, refusal{reason.LintRule, string(rule)}.skip(a.ask.ref.Name, kind))
		a.withdraw(kind)
	}
	return scheduled{refused: refused}
}

// withdraw takes back a probe. Liveness does not stay without the startup probe that guards it, nor that without liveness.
func (a *admittedContainer) withdraw(kind probe.Kind) {
	a.handlers.Delete(kind)
	switch live, _ := a.handlers.Get(probe.Liveness); {
	case kind == probe.Startup && !live.explicit:
		a.handlers.Delete(probe.Liveness)
	case kind == probe.Liveness && !a.ask.handlers.Has(probe.Startup):
		a.handlers.Delete(probe.Startup)
	}
}

// objection is the first error or warning of a lint rule that comes with what the program chose, and the kind of probe to
// take back for it.
func (p *Policy) objection(pod *podFacts, a *admittedContainer, injections []Injection) (probe.Kind, lint.ID) {
	if !slices.ContainsFunc(injections, func(in Injection) bool { return in.Source != SourceAnnotation }) {
		return "", ""
	}
	after := toLint(a.ask)
	for i := range injections {
		after.Probes.Set(injections[i].Kind, injections[i].Probe)
	}
	p.describe(&after, a.ask, &a.software)
	found := p.warner.Check(pod.Pod, &after)
	if len(found) == 0 {
		return "", ""
	}
	existing := toLint(a.ask)
	existing.StartupBudget, existing.Own = after.StartupBudget, after.Own
	before := p.warner.Check(pod.Pod, &existing)
	for _, f := range found {
		if slices.Contains(before, f) || !after.Probes.Has(f.Kind) || f.Rule == lint.LivenessAlone {
			continue
		}
		kind := a.culprit(f.Kind)
		if kind == "" || (kind != f.Kind && p.staysWithout(pod, after, kind, f)) {
			continue
		}
		return kind, f.Rule
	}
	return "", ""
}

// staysWithout reports whether a finding about one probe has nothing to do with another.
func (p *Policy) staysWithout(pod *podFacts, c lint.Container, kind probe.Kind, f lint.Finding) bool {
	c.Probes.Delete(kind)
	return slices.Contains(p.warner.Check(pod.Pod, &c), f)
}

// culprit is the probe to take back for a finding about a probe of a kind: that one, where the program chose it, else the
// readiness probe with which a rule compares a liveness probe.
func (a *admittedContainer) culprit(kind probe.Kind) probe.Kind {
	if c, has := a.handlers.Get(kind); has && !c.explicit {
		return kind
	}
	if c, has := a.handlers.Get(probe.Readiness); kind == probe.Liveness && has && !c.explicit {
		return probe.Readiness
	}
	return ""
}
