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

// noticedWithin is how long the kubelet may take to see that a container has started, in seconds: it lists containers
// once a second (pkg/kubelet/kubelet.go: genericPlegRelistPeriod).
const noticedWithin = 1

// EarliestAct is the number of seconds after the container's start before which a probe that never succeeds
// cannot act: initialDelaySeconds + (failureThreshold-1)*periodSeconds, less the second by which the kubelet may
// begin to count early. It holds on a first start and after a kill by this probe. After a container that exited by
// itself while it was starting, the kubelet keeps the failure count (kubernetes/kubernetes#53530), and EarliestProbe is
// all that is certain, once.
func (t Timing) EarliestAct() int32 { return seconds(t.earliestProbe() + t.tolerance()) }

// EarliestProbe is the number of seconds after the container's start before which the kubelet does not probe.
func (t Timing) EarliestProbe() int32 { return seconds(t.earliestProbe()) }

// LatestProbe is the number of seconds after the container's start by which the first probe has begun, on a first start:
// the first tick after initialDelaySeconds and after the kubelet has seen the container.
func (t Timing) LatestProbe() int32 {
	return seconds(max(int64(t.InitialDelaySeconds), noticedWithin) + t.realPeriod())
}

// LatestAct is the number of seconds after the container's start by which a probe that never succeeds has acted:
// initialDelaySeconds + failureThreshold*periodSeconds + timeoutSeconds. Where the delay is no longer than a period, one
// more probe may be lost on a start that follows a kill at once: until the kubelet has seen the new container, it takes
// the state of the one before for its own (pkg/kubelet: convertStatusToAPIStatus copies "started" by name).
func (t Timing) LatestAct() int32 { return seconds(t.latestAct()) }

// Tolerance is the longest silence, in seconds, of a container that was answering before, that never makes the
// probe act: (failureThreshold-1)*periodSeconds.
func (t Timing) Tolerance() int32 { return seconds(t.tolerance()) }

// Detection is the number of seconds within which the probe acts on a container that was answering before and
// no longer does: failureThreshold*periodSeconds + timeoutSeconds.
func (t Timing) Detection() int32 { return seconds(t.detection()) }

// Window is failureThreshold*periodSeconds, the figure by which probes are compared.
func (t Timing) Window() int32 { return seconds(int64(t.FailureThreshold) * int64(t.PeriodSeconds)) }

// IsZero reports that there is no such probe.
func (t Timing) IsZero() bool { return t.PeriodSeconds == 0 }

func (t Timing) earliestProbe() int64 {
	return max(0, int64(t.InitialDelaySeconds)-startedAtGranularity)
}

func (t Timing) tolerance() int64 {
	return max(0, int64(t.FailureThreshold)-1) * int64(t.PeriodSeconds)
}

// realPeriod is how far apart probes are that all time out: the kubelet runs those of one worker one after the other.
func (t Timing) realPeriod() int64 { return int64(max(t.PeriodSeconds, t.TimeoutSeconds)) }

func (t Timing) detection() int64 {
	return int64(t.FailureThreshold)*t.realPeriod() + int64(t.TimeoutSeconds)
}

func (t Timing) latestAct() int64 {
	return int64(t.InitialDelaySeconds) + t.detection() + t.lost()
}

// lost is the time of a probe that is lost on a start that follows a kill at once.
func (t Timing) lost() int64 {
	return max(0, t.realPeriod()-int64(t.InitialDelaySeconds)+startedAtGranularity)
}

// ReadyWithin is the number of seconds within which a container is ready after its first good answers, once every
// initialDelaySeconds is over. The startup probe comes at most a period later, and readiness is asked as soon as that has
// passed (pkg/kubelet/prober: UpdatePodStatus triggers it); where readiness answers later than that, it is asked within
// its own period.
func ReadyWithin(startup, readiness Timing) int32 {
	first := max(startup.realPeriod()+int64(startup.TimeoutSeconds), readiness.realPeriod())
	more := max(0, int64(readiness.SuccessThreshold)-1) * readiness.realPeriod()
	return seconds(first + int64(readiness.TimeoutSeconds) + more)
}
