package policy

import (
	"slices"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// judge applies the lint rules to the probes that the Pod will have: those that exist and those that we add. Containers
// that have none and that nobody asked about are left out, because there is no probe to speak of.
func (d *deciding) judge() {
	pod, linter := lintPod(d.pod), d.policy.warner
	if d.notes {
		linter = d.policy.linter
	}
	for _, q := range d.requests {
		c := lintContainer(q)
		for i := range d.out.Injections {
			if in := &d.out.Injections[i]; in.Container == q.ref {
				c.Probes.Set(in.Kind, in.Probe)
			}
		}
		if c.Probes.Len() == 0 {
			continue
		}
		c.StartupBudget = d.knownBudget(q)
		for _, f := range linter.Check(&pod, &c) {
			d.out.Findings = append(d.out.Findings, Finding{
				Container: q.ref.Name, Kind: f.Kind, Rule: f.Rule, Severity: f.Severity, Message: f.Message,
				// What is not there cannot be wrong: its absence is worth knowing, and no warning.
				Absent: !c.Probes.Has(f.Kind),
			})
		}
	}
	slices.SortStableFunc(d.out.Findings, func(a, b Finding) int { return rank(a.Severity) - rank(b.Severity) })
}

// Judge applies the lint rules to a Pod as it stands, whether or not it would ever be decided about.
func (p *Policy) Judge(pod *Pod) []Finding {
	d := p.deciding(Subject{Pod: pod, Notes: true}, Decision{})
	d.requests = p.read(pod, nil).containers
	for _, q := range d.requests {
		d.recognise(q)
	}
	d.judge()
	return d.out.Findings
}

// knownBudget is the longest healthy start, where a person, a profile or a variable says what the software is; 0 where
// only the generic class would.
func (d *deciding) knownBudget(q *request) int32 {
	if q.figures.startupBudget > 0 {
		return q.figures.startupBudget
	}
	described := q.describedBy()
	class, known := d.classOf(q)
	switch {
	case described != nil && described.figures.startupBudget > 0:
		return described.figures.startupBudget
	case !known || class.Name == timing.DefaultClassName:
		return 0
	}
	return class.StartupBudget
}

func lintPod(pod *Pod) lint.Pod {
	p := lint.Pod{
		HostNetwork: pod.Spec.HostNetwork, RestartPolicy: pod.Spec.RestartPolicy, Windows: isWindows(pod), Mesh: meshOf(pod),
		TerminationGracePeriodSeconds: pod.Spec.TerminationGracePeriodSeconds,
	}
	if owner := controllerOf(pod); owner != nil {
		p.OwnerKind = owner.Kind
	}
	return p
}

// lintContainer gives a container with the probes that it has.
func lintContainer(q *request) lint.Container {
	c := lint.Container{Name: q.ref.Name, Image: q.container.Image}
	if q.native {
		c.Type = lint.NativeSidecar
	}
	if q.container.RestartPolicy != nil {
		c.RestartPolicy = *q.container.RestartPolicy
	}
	if ports := q.container.Ports; len(ports) > 0 {
		c.Ports = make([]lint.Port, len(ports))
		for i := range ports {
			c.Ports[i] = lint.Port{Name: ports[i].Name, Number: ports[i].ContainerPort, Protocol: ports[i].Protocol}
		}
	}
	for _, kind := range probe.Kinds() {
		if existing := q.container.existing(kind); existing != nil {
			c.Probes.Set(kind, existing)
		}
	}
	return c
}
