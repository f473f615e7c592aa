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

// LatestAct is the number of seconds after the container's start by which a probe that never succeeds has acted:
// initialDelaySeconds + failureThreshold*periodSeconds + timeoutSeconds. Where the delay is no longer than a period, one
// more probe may be lost on a start that follows a kill at once: until the kubelet has seen the new container, it takes
// the state of the one before for its own (pkg/kubelet: convertStatusToAPIStatus copies "started" by name).
func (t Timing) LatestAct() int32 {
	lost := max(0, t.PeriodSeconds-t.InitialDelaySeconds+startedAtGranularity)
	return t.InitialDelaySeconds + t.FailureThreshold*t.PeriodSeconds + t.TimeoutSeconds + lost
}

// Tolerance is the longest silence, in seconds, of a container that was answering before, that never makes the
// probe act: (failureThreshold-1)*periodSeconds.
func (t Timing) Tolerance() int32 { return (t.FailureThreshold - 1) * t.PeriodSeconds }

// Detection is the number of seconds within which the probe acts on a container that was answering before and
// no longer does: failureThreshold*periodSeconds + timeoutSeconds.
func (t Timing) Detection() int32 { return t.FailureThreshold*t.PeriodSeconds + t.TimeoutSeconds }

// Window is failureThreshold*periodSeconds, the figure by which probes are compared.
func (t Timing) Window() int32 { return t.FailureThreshold * t.PeriodSeconds }

// IsZero reports that there is no such probe.
func (t Timing) IsZero() bool { return t.PeriodSeconds == 0 }

// ReadyWithin is the number of seconds within which a container is ready after its first good answers, once every
// initialDelaySeconds is over. The startup probe comes at most a period later, and readiness is asked as soon as that has
// passed (pkg/kubelet/prober: UpdatePodStatus triggers it); where readiness answers later than that, it is asked within
// its own period.
func ReadyWithin(startup, readiness Timing) int32 {
	first := max(startup.PeriodSeconds+startup.TimeoutSeconds, readiness.PeriodSeconds)
	return first + readiness.TimeoutSeconds + (readiness.SuccessThreshold-1)*readiness.PeriodSeconds
}
