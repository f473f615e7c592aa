package timing

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// Timeline is the timing of the probes that one container has; the timing of a probe that it does not have is zero. Every
// time that anybody is told comes from here.
type Timeline struct {
	Startup, Liveness, Readiness Timing
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

// Of reads the timing of a probe that a Pod has.
func Of(p *corev1.Probe) Timing {
	return Timing{
		InitialDelaySeconds: p.InitialDelaySeconds, PeriodSeconds: p.PeriodSeconds, TimeoutSeconds: p.TimeoutSeconds,
		SuccessThreshold: p.SuccessThreshold, FailureThreshold: p.FailureThreshold,
		TerminationGracePeriodSeconds: p.TerminationGracePeriodSeconds,
	}
}
