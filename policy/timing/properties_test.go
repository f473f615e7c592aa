package timing_test

import (
	"math/rand/v2"
	"testing"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// randomInputs draws figures within their bounds, as the annotations let them through.
func randomInputs(r *rand.Rand) timing.Inputs {
	classes := timing.Classes()
	in := timing.Inputs{Class: classes[r.IntN(len(classes))], Style: timing.StyleStartupProbe, MaxStartupBudget: 3600}
	if r.IntN(2) == 0 {
		in.Style = timing.StyleInitialDelay
	}
	in.StartupBudget = maybe(r, timing.MinStartupBudget, 3600)
	in.RestartAfter = maybe(r, timing.MinRestartAfter, 3600)
	in.UnreadyAfter = maybe(r, timing.MinUnreadyAfter, 3600)
	in.CPULimitMillis = int64(maybe(r, 1, 4000))
	in.ExistingStartup = r.IntN(4) == 0
	for kind, plan := range map[probe.Kind]*timing.Plan{
		probe.Startup: &in.Startup, probe.Liveness: &in.Liveness, probe.Readiness: &in.Readiness,
	} {
		plan.Inject, plan.Exec = r.IntN(4) > 0, r.IntN(4) == 0
		for _, name := range probe.Fields() {
			if bounds, ok := timing.FieldBounds(kind, name); ok && r.IntN(6) == 0 {
				plan.Fields.Set(name, bounds.Min+r.Int32N(bounds.Max-bounds.Min+1))
			}
		}
	}
	if !in.Readiness.Inject {
		in.ExistingReadinessWindow = maybe(r, 1, 86400)
	}
	return in
}

func maybe(r *rand.Rand, low, high int32) int32 {
	if r.IntN(2) == 0 {
		return 0
	}
	return low + r.Int32N(high-low+1)
}

// A schedule without clashes keeps every promise that the figures make, and the API server's rules.
func TestAScheduleWithoutClashesKeepsItsPromises(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	kept := 0
	for range 200_000 {
		in := randomInputs(r)
		got, clashes := timing.Derive(in)
		if len(clashes) > 0 {
			continue
		}
		kept++
		if broken := brokenPromise(in, got); broken != "" {
			t.Fatalf("%s\ninputs: %+v\nschedule: %+v", broken, in, got)
		}
	}
	if kept < 50_000 {
		t.Fatalf("only %d of 200000 inputs were free of clashes: the property is hardly tested", kept)
	}
}

func brokenPromise(in timing.Inputs, s timing.Timeline) string {
	for kind, each := range map[probe.Kind]struct {
		plan timing.Plan
		time timing.Timing
	}{
		probe.Startup: {in.Startup, s.Startup}, probe.Liveness: {in.Liveness, s.Liveness}, probe.Readiness: {in.Readiness, s.Readiness},
	} {
		if !each.plan.Inject {
			if each.time != (timing.Timing{}) {
				return string(kind) + " has times without being planned"
			}
			continue
		}
		if each.time.TimeoutSeconds > each.time.PeriodSeconds {
			return string(kind) + ": timeout exceeds period"
		}
		if each.time.PeriodSeconds < 1 || each.time.TimeoutSeconds < 1 || each.time.FailureThreshold < 1 || each.time.InitialDelaySeconds < 0 || each.time.SuccessThreshold < 1 {
			return string(kind) + ": a number that the API server refuses"
		}
	}
	live, ready, start := s.Liveness, s.Readiness, s.Startup
	switch {
	case in.Startup.Inject && start.EarliestAct()+whole(in.Startup.Fields) < max(timing.MinStartupBudget, in.StartupBudget):
		return "the startup probe kills within the budget"
	case in.Liveness.Inject && live.Tolerance() < max(timing.MinRestartAfter, in.RestartAfter):
		return "liveness kills earlier than it may"
	case in.Liveness.Inject && in.Readiness.Inject && live.Window() < 2*ready.Window():
		return "liveness is not clearly more patient than readiness"
	case in.Liveness.Inject && live.Window() < 2*in.ExistingReadinessWindow:
		return "liveness is not clearly more patient than the readiness probe that exists"
	case in.Readiness.Inject && in.UnreadyAfter > 0 && ready.Detection() > in.UnreadyAfter:
		return "readiness is slower than promised"
	case in.Liveness.Inject && !in.Startup.Inject && !in.ExistingStartup && live.InitialDelaySeconds == 0:
		return "nothing protects the start"
	case in.Liveness.Inject && !in.Startup.Inject && !in.ExistingStartup && live.EarliestAct()+whole(in.Liveness.Fields) < in.StartupBudget:
		return "liveness kills within the budget"
	}
	return ""
}

// whole is the second that the kubelet may begin to count early, which is left out where a person sets the fields.
func whole(fields timing.Fields) int32 {
	if fields == (timing.Fields{}) {
		return 0
	}
	return 1
}
