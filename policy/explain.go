package policy

import (
	"fmt"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// Explanation says one number of an injected probe in a sentence.
type Explanation struct {
	Field    probe.Field
	Value    int64
	Sentence string
}

// Explain gives one plain sentence per number of the injected probe, in the order of core/v1 Probe.
func (in *Injection) Explain() []Explanation {
	t := in.Timing()
	explained := []Explanation{
		{probe.InitialDelaySeconds, int64(t.InitialDelaySeconds), in.firstProbe()},
		{probe.TimeoutSeconds, int64(t.TimeoutSeconds), fmt.Sprintf("no answer within %d s counts as a failure", t.TimeoutSeconds)},
		{probe.PeriodSeconds, int64(t.PeriodSeconds), fmt.Sprintf("asked every %d s", t.PeriodSeconds)},
		{probe.SuccessThreshold, int64(t.SuccessThreshold), inARow(t.SuccessThreshold, "success", "successes", in.goodNews())},
		{probe.FailureThreshold, int64(t.FailureThreshold), inARow(t.FailureThreshold, "failure", "failures", in.badNews())},
	}
	if grace := t.TerminationGracePeriodSeconds; grace != nil {
		explained = append(explained, Explanation{probe.TerminationGracePeriodSeconds, *grace, fmt.Sprintf("a container that this probe stops has %d s to end by itself", *grace)})
	}
	return explained
}

// firstProbe says when the kubelet begins. Beside a startup probe, liveness and readiness begin when that has passed.
func (in *Injection) firstProbe() string {
	t := in.Timing()
	switch {
	case in.Kind == probe.Startup:
		return fmt.Sprintf("the first probe comes %d to %d s after the container starts", t.EarliestProbe(), t.LatestProbe())
	case t.EarliestProbe() == 0:
		return "no delay: the first probe may come as soon as the container has started"
	}
	return fmt.Sprintf("no probe in the first %d s of the container", t.EarliestProbe())
}

// news is what a result does, after "it" and after "they".
type news struct{ one, many string }

func (in *Injection) goodNews() news {
	switch in.Kind {
	case probe.Startup:
		return news{"ends the start: liveness and readiness begin", "end the start: liveness and readiness begin"}
	case probe.Liveness:
		return news{"makes up for earlier failures", "make up for earlier failures"}
	default:
		return news{"brings traffic", "bring traffic"}
	}
}

func (in *Injection) badNews() news {
	if in.Kind.Kills() {
		return news{"restarts the container", "restart the container"}
	}
	return news{"stops traffic", "stop traffic"}
}

func inARow(n int32, one, many string, does news) string {
	if n == 1 {
		return "1 " + one + " " + does.one
	}
	return fmt.Sprintf("%d %s in a row %s", n, many, does.many)
}
