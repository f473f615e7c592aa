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
	t := in.Timing
	act := map[probe.Kind]string{probe.Startup: "restarts the container", probe.Liveness: "restarts the container", probe.Readiness: "stops traffic"}[in.Kind]
	explained := []Explanation{
		{probe.InitialDelaySeconds, int64(t.InitialDelaySeconds), fmt.Sprintf("the first probe comes %d to %d s after the container starts", t.InitialDelaySeconds, t.InitialDelaySeconds+t.PeriodSeconds)},
		{probe.TimeoutSeconds, int64(t.TimeoutSeconds), fmt.Sprintf("no answer within %d s counts as a failure", t.TimeoutSeconds)},
		{probe.PeriodSeconds, int64(t.PeriodSeconds), fmt.Sprintf("asked every %d s", t.PeriodSeconds)},
		{probe.SuccessThreshold, int64(t.SuccessThreshold), times(t.SuccessThreshold, "success") + " in a row " + in.goodNews()},
		{probe.FailureThreshold, int64(t.FailureThreshold), times(t.FailureThreshold, "failure") + " in a row " + act},
	}
	if grace := t.TerminationGracePeriodSeconds; grace != nil {
		explained = append(explained, Explanation{probe.TerminationGracePeriodSeconds, *grace, fmt.Sprintf("a container that this probe stops has %d s to end by itself", *grace)})
	}
	return explained
}

func (in *Injection) goodNews() string {
	switch in.Kind {
	case probe.Startup:
		return "end the start: liveness and readiness begin"
	case probe.Liveness:
		return "forget earlier failures"
	default:
		return "bring traffic"
	}
}

func times(n int32, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if what == "success" {
		return fmt.Sprintf("%d successes", n)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Guarantees says what the numbers promise together: from when to when nothing acts, and how soon a silence is
// found. For a bare connection the silence is a closed port: a process that hangs keeps its port open.
func (in *Injection) Guarantees() []string {
	t := in.Timing
	silence := "a hang"
	if in.Handler.Scheme == probe.TCP {
		silence = "a closed port (a hang with an open port is not seen)"
	}
	switch in.Kind {
	case probe.Startup:
		return []string{
			fmt.Sprintf("nothing kills it before %d s after its start; if it never answers, it is restarted within %d s", t.EarliestAct(), t.LatestAct()),
			"if it exits by itself while starting, the kubelet keeps counting: at most one early restart per budget",
			fmt.Sprintf("adds up to %d s to each start", t.InitialDelaySeconds+t.PeriodSeconds),
		}
	case probe.Liveness:
		return []string{
			fmt.Sprintf("a silence shorter than %d s never restarts it", t.Tolerance()),
			fmt.Sprintf("%s is found within %d s", silence, t.Detection()),
		}
	default:
		return []string{
			fmt.Sprintf("a silence shorter than %d s never stops traffic", t.Tolerance()),
			fmt.Sprintf("%s stops traffic within %d s", silence, t.Detection()),
		}
	}
}
