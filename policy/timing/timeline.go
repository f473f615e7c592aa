package timing

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// Timeline is the timing of all the probes that one container will have, whoever wrote them; the timing of a probe that
// it does not have is zero. Every time that anybody is told comes from here.
type Timeline struct {
	Startup, Liveness, Readiness Timing
	// Guarded reports that the startup probe stands for liveness: while a container does not answer liveness, it does not
	// pass the startup probe either. Without it, the startup probe of somebody else may pass at any time.
	Guarded bool
	// GraceSeconds is the Pod's terminationGracePeriodSeconds, for probes that have none of their own; 0 is not known.
	GraceSeconds int64
}

// Of gives the timing of one kind.
func (t *Timeline) Of(kind probe.Kind) Timing {
	switch kind {
	case probe.Startup:
		return t.Startup
	case probe.Liveness:
		return t.Liveness
	default:
		return t.Readiness
	}
}

// Set puts in the timing of one kind.
func (t *Timeline) Set(kind probe.Kind, timing Timing) {
	switch kind {
	case probe.Startup:
		t.Startup = timing
	case probe.Liveness:
		t.Liveness = timing
	default:
		t.Readiness = timing
	}
}

// KillNotBefore is the number of seconds after its start before which no probe kills a container that never answers.
func (t *Timeline) KillNotBefore() int32 {
	switch {
	case t.Startup.IsZero():
		return t.Liveness.EarliestAct()
	case t.Liveness.IsZero(), t.Guarded:
		return t.Startup.EarliestAct()
	}
	// The startup probe may pass with its first try.
	live := max(t.Liveness.earliestProbe(), t.Startup.earliestProbe()) + t.Liveness.tolerance()
	return min(t.Startup.EarliestAct(), seconds(live))
}

// KillBy is the number of seconds after its start by which a probe has decided to kill a container that never answers.
func (t *Timeline) KillBy() int32 {
	switch {
	case t.Startup.IsZero():
		return t.Liveness.LatestAct()
	case t.Liveness.IsZero(), t.Guarded:
		return t.Startup.LatestAct()
	}
	// The startup probe may pass with its last try.
	live := max(t.Startup.latestAct(), int64(t.Liveness.InitialDelaySeconds)) + t.Liveness.detection()
	return seconds(live)
}

// KillNotBeforeAfterCrash takes the place of KillNotBefore, once, when the container exited by itself while it was
// starting: the kubelet keeps the failure count then (kubernetes/kubernetes#53530).
func (t *Timeline) KillNotBeforeAfterCrash() int32 {
	if t.Startup.IsZero() {
		return t.Liveness.EarliestProbe()
	}
	return t.Startup.EarliestProbe()
}

// BlindFor is how long after its start a container that answers at once may not be looked at by liveness, beyond the time
// that the startup probe takes anyhow: initialDelaySeconds counts from the container's start, also beside a startup probe.
func (t *Timeline) BlindFor() int32 {
	if !t.Startup.IsZero() && t.Liveness.InitialDelaySeconds <= t.Startup.InitialDelaySeconds {
		return 0
	}
	return t.Liveness.InitialDelaySeconds
}

// ReadyNotBefore is the number of seconds after its start before which the container cannot be ready.
func (t *Timeline) ReadyNotBefore() int32 {
	return max(t.Readiness.EarliestProbe(), t.Startup.EarliestProbe())
}

// ReadyWithin is how long it takes the container at most to be ready after its first good answers, once ReadyNotBefore is
// over.
func (t *Timeline) ReadyWithin() int32 { return ReadyWithin(t.Startup, t.Readiness) }

// AddsToStart is by how many seconds the startup probe delays the start of a container that answers at once.
func (t *Timeline) AddsToStart() int32 { return t.Startup.LatestProbe() }

// Grace is how many seconds a container has to end by itself after a probe of the kind has decided to kill it; 0 is not
// known.
func (t *Timeline) Grace(kind probe.Kind) int64 {
	if own := t.Of(kind).TerminationGracePeriodSeconds; own != nil {
		return *own
	}
	return t.GraceSeconds
}

// Of reads the timing of a probe that a Pod has.
func Of(p *corev1.Probe) Timing {
	return Timing{
		InitialDelaySeconds: p.InitialDelaySeconds, PeriodSeconds: p.PeriodSeconds, TimeoutSeconds: p.TimeoutSeconds,
		SuccessThreshold: p.SuccessThreshold, FailureThreshold: p.FailureThreshold,
		TerminationGracePeriodSeconds: p.TerminationGracePeriodSeconds,
	}
}
