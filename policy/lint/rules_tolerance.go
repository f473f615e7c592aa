package lint

import (
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// toleranceRules find liveness probes that are too quick to kill.
var toleranceRules = []Rule{
	{
		ID: "PS010", Severity: Warning, on: liveness, check: sameCheckAsReadiness,
		Summary:   "Liveness asks what readiness asks, and its failureThreshold × periodSeconds is less than twice as long.",
		Message:   "same check as readiness, not twice as patient; write failureThreshold {number}",
		Rationale: "Readiness sheds load and lets a container recover. A liveness probe that acts at the same time restarts it instead, and gives its load to the others, which then fail the same probe.",
		Sources:   [2]string{concepts, dangerous},
	},
	{
		ID: "PS011", Severity: Error, on: liveness, check: identicalToReadiness,
		Summary:   "Liveness and readiness are identical.",
		Message:   "identical to readiness: kills instead of draining; write failureThreshold {number}",
		Rationale: "The container is killed in the moment in which it is taken out of rotation, so readiness has no effect.",
		Sources:   [2]string{kubeScore, concepts},
	},
	{
		ID: "PS012", Severity: Warning, on: liveness, check: quickToKill,
		Summary:   "(failureThreshold - 1) × periodSeconds of liveness is less than 20 s.",
		Message:   "restarts after {seconds} s of trouble; tolerate 20 s: write failureThreshold {number}",
		Rationale: "Garbage collection, throttling, a slow disk or a short overload last longer than that, and a restart makes each of them worse.",
		Sources:   [2]string{worker, dangerous},
	},
	{
		ID: "PS013", Severity: Warning, on: liveness, check: defaultTimeoutKills,
		Summary:   "timeoutSeconds of liveness is 1, the API's default.",
		Message:   "times out after 1 s, as under throttling or GC; write timeoutSeconds 3 or more",
		Rationale: "A busy container answers late, not never. Whether somebody wrote the 1 or nobody did cannot be told: the API server fills it in.",
		Sources:   [2]string{breck, eks},
	},
	{
		ID: "PS014", Severity: Warning, on: every, check: tooFrequent,
		Summary:   "Liveness asks more often than every 5 s, or a command runs more often than every 10 s (in a startup probe: 5 s).",
		Message:   "asks every {seconds} s, which costs more than it finds; write periodSeconds {number}",
		Rationale: "Each probe is a connection or a process. 100 Pods that ran /bin/true every 10 to 30 s cost a third of a node's CPU.",
		Sources:   [2]string{issues + "82440"},
	},
	{
		ID: "PS015", Severity: Warning, on: every, check: timeoutExceedsPeriod,
		Summary:   "timeoutSeconds is longer than periodSeconds.",
		Message:   "timeoutSeconds {seconds} exceeds periodSeconds {seconds}: write {number} or less",
		Rationale: "The kubelet runs the probes of one worker one after the other, so against a hanging container the real period is the timeout.",
		Sources:   [2]string{worker},
	},
}

// both gives liveness and readiness and reports whether both are there.
func (s subject) both() (live, ready times, ok bool) {
	l, r := s.probe(probe.Liveness), s.probe(probe.Readiness)
	if l == nil || r == nil {
		return times{}, times{}, false
	}
	return timesOf(l), timesOf(r), true
}

// asksTheSame reports whether two probes of the container have the same handler.
func (s subject) asksTheSame(a, b probe.Kind) bool {
	first, second := s.container.handlerOf(s.probe(a)), s.container.handlerOf(s.probe(b))
	return first.same(&second)
}

func sameCheckAsReadiness(s subject, kind probe.Kind) ([]any, bool) {
	live, ready, ok := s.both()
	if !ok || live.window() >= timing.WindowRatio*ready.window() || !s.asksTheSame(kind, probe.Readiness) {
		return nil, false
	}
	return found(ceilDiv(timing.WindowRatio*ready.window(), live.period))
}

func identicalToReadiness(s subject, kind probe.Kind) ([]any, bool) {
	live, ready, ok := s.both()
	if !ok || live != ready || s.probe(kind).TerminationGracePeriodSeconds != nil || !s.asksTheSame(kind, probe.Readiness) {
		return nil, false
	}
	return found(timing.WindowRatio * ready.failures)
}

func quickToKill(s subject, kind probe.Kind) ([]any, bool) {
	t := timesOf(s.probe(kind))
	if t.tolerance() >= timing.MinRestartAfter {
		return nil, false
	}
	return found(t.tolerance(), t.failuresToTolerate(timing.MinRestartAfter))
}

func defaultTimeoutKills(s subject, kind probe.Kind) ([]any, bool) {
	return foundIf(timesOf(s.probe(kind)).timeout == workload.DefaultTimeoutSeconds)
}

func tooFrequent(s subject, kind probe.Kind) ([]any, bool) {
	p := s.probe(kind)
	least := int64(timing.MinPeriod(kind, p.Exec != nil))
	if period := timesOf(p).period; period < least {
		return found(period, least)
	}
	return nil, false
}

func timeoutExceedsPeriod(s subject, kind probe.Kind) ([]any, bool) {
	t := timesOf(s.probe(kind))
	if t.timeout <= t.period {
		return nil, false
	}
	return found(t.timeout, t.period, t.period)
}
