package policy

import (
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Subject is all that a decision may depend on, next to the Policy.
type Subject struct {
	Pod   *workload.Pod
	Route Route
	// Notes asks for findings of severity I as well, which concern only people who look closely.
	Notes bool
}

// Decide answers what to inject into the subject's Pod. It is pure and total: every Pod gets a Decision,
// user mistakes are part of it.
//
// Each step takes values and returns values, and only report makes the Decision:
//
//	exclude   which Pods and containers are left alone, whatever anybody asks (exclude.go)
//	ask       what is asked of which container, and every mistake in the asking (ask.go, target.go)
//	choose    a handler for each probe that is wanted, or why there is none (choose.go, ports.go, software.go)
//	gate      whether that probe may be put there (gate.go)
//	schedule  when the kubelet runs it, and what it promises (schedule.go)
//	report    all of it as one Decision, in words too (report.go, status.go, findings.go, warnings.go)
func (p *Policy) Decide(s Subject) Decision {
	if s.Pod == nil {
		return p.reportExcluded(&excluded{})
	}
	pod := factsOf(s.Pod)
	rule, excluded := p.exclude(&pod, s.Route)
	if excluded != nil {
		return p.reportExcluded(excluded)
	}
	asked := p.ask(&pod, rule)
	plans := p.choose(&pod, &asked)
	admitted := p.gate(&pod, plans, asked.optedIn)
	scheduled := p.schedule(&pod, admitted)
	return p.report(&pod, &outcome{asked, plans, admitted, scheduled}, s.Notes)
}

// outcome is what the steps have come to.
type outcome struct {
	asked     asked
	plans     []plan
	admitted  admitted
	scheduled scheduled
}

// podFacts is a Pod with what several steps need to know of it.
type podFacts struct {
	*workload.Pod
	mesh workload.Mesh
	// previous is what the Pod's status lists: an earlier pass of the webhook injected it.
	previous statusline.Status
}

func factsOf(pod *workload.Pod) podFacts {
	facts := podFacts{Pod: pod, mesh: pod.Mesh()}
	if line, has := pod.Annotations()[annotation.StatusKey]; has && len(line) <= annotation.MaxValueLength {
		facts.previous, _ = statusline.Parse(line)
	}
	return facts
}
