package lint

import "github.com/probe-injector/probe-injector/policy/probe"

const (
	// longBlindness is an initialDelaySeconds of liveness, in seconds, from which on the blindness after each restart
	// costs more than a startup probe.
	longBlindness = 120
	// longReadinessDelay is an initialDelaySeconds of readiness, in seconds, that no failing probe justifies.
	longReadinessDelay = 30
)

// startRules find containers that are killed while they start, or that start slower than they could.
var startRules = []Rule{
	{
		ID: "PS016", Severity: Warning, on: liveness, check: unprotectedStart,
		Summary:   "Liveness has neither a startup probe before it nor initialDelaySeconds.",
		Message:   "no startup protection; write a startupProbe, or initialDelaySeconds here",
		Rationale: "Liveness begins with the container. Whoever starts slower than failureThreshold × periodSeconds is killed, starts again, and is killed again.",
		Sources:   [2]string{task, worker},
	},
	{
		ID: "PS017", Severity: Warning, on: liveness, check: killsBeforeStarted,
		Summary:   "Without a startup probe, initialDelaySeconds + (failureThreshold - 1) × periodSeconds of liveness is less than the startup budget. Not judged where no budget is known.",
		Message:   "can kill {seconds} s after the start, which may take {seconds} s; write a startupProbe",
		Rationale: "A start that is slow once, on a cold node or under throttling, becomes a loop of restarts.",
		Sources:   [2]string{worker, concepts},
	},
	{
		ID: "PS018", Severity: Warning, on: startup, check: shortBudget,
		Summary:   "initialDelaySeconds + (failureThreshold - 1) × periodSeconds of the startup probe is less than the startup budget. Not judged where no budget is known.",
		Message:   "guarantees {seconds} s of {seconds} s to start; write failureThreshold {number}",
		Rationale: "The first probe may come a whole period early, so failureThreshold × periodSeconds is the upper bound and not what is guaranteed.",
		Sources:   [2]string{worker, task},
	},
	{
		ID: "PS019", Severity: Info, on: serving, check: delayBesideStartup,
		Summary:   "Beside a startup probe, liveness or readiness has a longer initialDelaySeconds than it.",
		Message:   "initialDelaySeconds counts from container start; {seconds}, as in startup, is enough",
		Rationale: "The delay begins with the container and not when the startup probe has passed, unlike the documentation says. It protects nothing that the startup probe does not protect.",
		Sources:   [2]string{worker, issues + "119666"},
	},
	{
		ID: "PS020", Severity: Info, on: liveness, check: longBlind,
		Summary:   "Without a startup probe, liveness waits 120 s or longer.",
		Message:   "blind for {seconds} s after every restart; a startupProbe instead ends with the start",
		Rationale: "A fixed delay makes every start as blind as the slowest one. A startup probe waits only as long as it must.",
		Sources:   [2]string{concepts},
	},
	{
		ID: "PS021", Severity: Warning, on: readiness, check: lateReadiness,
		Summary:   "initialDelaySeconds of readiness is longer than 30 s.",
		Message:   "adds up to {seconds} s to rollouts for nothing; write initialDelaySeconds 10 or less",
		Rationale: "A readiness probe that fails kills nothing, so there is nothing to wait for. Every rollout and every scale-up waits.",
		Sources:   [2]string{"https://github.com/coredns/helm/issues/56"},
	},
}

func unprotectedStart(s subject, kind probe.Kind) ([]any, bool) {
	return foundIf(s.probe(probe.Startup) == nil && timesOf(s.probe(kind)).initialDelay == 0)
}

func killsBeforeStarted(s subject, kind probe.Kind) ([]any, bool) {
	budget := int64(s.container.StartupBudget)
	guarantee := timesOf(s.probe(kind)).guarantee()
	if s.probe(probe.Startup) != nil || guarantee >= budget {
		return nil, false
	}
	return found(guarantee, budget)
}

func shortBudget(s subject, kind probe.Kind) ([]any, bool) {
	budget, t := int64(s.container.StartupBudget), timesOf(s.probe(kind))
	if t.guarantee() >= budget {
		return nil, false
	}
	return found(t.guarantee(), budget, t.failuresToTolerate(budget-t.initialDelay))
}

func delayBesideStartup(s subject, kind probe.Kind) ([]any, bool) {
	start := s.probe(probe.Startup)
	if start == nil {
		return nil, false
	}
	delay := timesOf(start).initialDelay
	if timesOf(s.probe(kind)).initialDelay <= delay {
		return nil, false
	}
	return found(delay)
}

func longBlind(s subject, kind probe.Kind) ([]any, bool) {
	delay := timesOf(s.probe(kind)).initialDelay
	if s.probe(probe.Startup) != nil || delay < longBlindness {
		return nil, false
	}
	return found(delay)
}

func lateReadiness(s subject, kind probe.Kind) ([]any, bool) {
	delay := timesOf(s.probe(kind)).initialDelay
	if delay <= longReadinessDelay {
		return nil, false
	}
	return found(delay)
}
