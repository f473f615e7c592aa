package lint

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// times are the timing fields of a probe with the API's defaults (pkg/apis/core/v1/defaults.go, SetDefaults_Probe)
// in the place of zeros: a manifest that is linted as a file has not been defaulted. Negative values, which the API
// server refuses, count as the smallest that it accepts. 64 bits keep products of any two fields.
type times struct {
	initialDelay, period, timeout, failures, successes int64
}

func timesOf(p *corev1.Probe) times {
	return times{
		initialDelay: max(0, int64(p.InitialDelaySeconds)),
		period:       orDefault(p.PeriodSeconds, workload.DefaultPeriodSeconds),
		timeout:      orDefault(p.TimeoutSeconds, workload.DefaultTimeoutSeconds),
		failures:     orDefault(p.FailureThreshold, workload.DefaultFailureThreshold),
		successes:    orDefault(p.SuccessThreshold, workload.DefaultSuccessThreshold),
	}
}

func orDefault(value int32, otherwise int64) int64 {
	if value == 0 {
		return otherwise
	}
	return max(1, int64(value))
}

// tolerance is the longest silence that never makes the probe act: one period less than the product, because the
// first probe of a silence may come at its very end (pkg/kubelet/prober/worker.go).
func (t times) tolerance() int64 { return (t.failures - 1) * t.period }

// guarantee is the number of seconds after the container's start before which the probe cannot act.
func (t times) guarantee() int64 { return t.initialDelay + t.tolerance() }

// window is the figure by which two probes are compared.
func (t times) window() int64 { return t.failures * t.period }

// failuresToTolerate is the failureThreshold that tolerates so many seconds of silence.
func (t times) failuresToTolerate(seconds int64) int64 { return ceilDiv(seconds, t.period) + 1 }

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
