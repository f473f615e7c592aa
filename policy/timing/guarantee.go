package timing

// Timing holds all timing fields of one probe, in seconds and counts, each explicit.
type Timing struct {
	InitialDelaySeconds           int32
	PeriodSeconds                 int32
	TimeoutSeconds                int32
	SuccessThreshold              int32
	FailureThreshold              int32
	TerminationGracePeriodSeconds *int64
}

// startedAtGranularity is how much earlier than the container's real start the kubelet may begin to count
// initialDelaySeconds, in seconds: it cuts startedAt to the whole second (pkg/kubelet/status: normalizeStatus).
const startedAtGranularity = 1

// EarliestAct is the number of seconds after the container's start before which a probe that never succeeds
// cannot act: initialDelaySeconds + (failureThreshold-1)*periodSeconds, less the second by which the kubelet may
// begin to count early. It holds on a first start and after a kill by this probe. After a container that exited by
// itself while it was starting, the kubelet keeps the failure count (kubernetes/kubernetes#53530), and EarliestProbe is
// all that is certain, once.
func (t Timing) EarliestAct() int32 { return t.EarliestProbe() + t.Tolerance() }

// EarliestProbe is the number of seconds after the container's start before which the kubelet does not probe.
func (t Timing) EarliestProbe() int32 { return max(0, t.InitialDelaySeconds-startedAtGranularity) }

// LatestAct is the number of seconds after the container's start by which a probe that never succeeds has acted.
func (t Timing) LatestAct() int32 {
	return t.InitialDelaySeconds + t.FailureThreshold*t.PeriodSeconds + t.TimeoutSeconds
}

// Tolerance is the longest silence, in seconds, of a container that was answering before, that never makes the
// probe act: (failureThreshold-1)*periodSeconds.
func (t Timing) Tolerance() int32 { return (t.FailureThreshold - 1) * t.PeriodSeconds }

// Detection is the number of seconds within which the probe acts on a container that was answering before and
// no longer does: failureThreshold*periodSeconds + timeoutSeconds.
func (t Timing) Detection() int32 { return t.FailureThreshold*t.PeriodSeconds + t.TimeoutSeconds }

// Window is failureThreshold*periodSeconds, the figure by which probes are compared.
func (t Timing) Window() int32 { return t.FailureThreshold * t.PeriodSeconds }

// IsZero says that there is no such probe.
func (t Timing) IsZero() bool { return t.PeriodSeconds == 0 }

// ReadyWithin is the number of seconds within which a container is ready after its first good answer, once every
// initialDelaySeconds is over: the startup probe comes at most a period later, and readiness, as often as it must
// succeed, follows.
func ReadyWithin(startup, readiness Timing) int32 {
	return startup.PeriodSeconds + startup.TimeoutSeconds + readiness.SuccessThreshold*readiness.PeriodSeconds + readiness.TimeoutSeconds
}
