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
	in.SameCheck = r.IntN(4) > 0
	if !in.Liveness.Inject && r.IntN(2) == 0 {
		in.ExistingLiveness = timing.Timing{
			InitialDelaySeconds: maybe(r, 1, 3600), PeriodSeconds: 1 + r.Int32N(60), TimeoutSeconds: 1 + r.Int32N(90),
			SuccessThreshold: 1, FailureThreshold: 1 + r.Int32N(10),
		}
	}
	suggest(r, &in)
	if !in.Readiness.Inject {
		in.ExistingReadinessWindow = maybe(r, 1, 86400)
	}
	return in
}

// suggest draws what a profile may suggest: what has no contradiction in itself.
func suggest(r *rand.Rand, in *timing.Inputs) {
	alone := timing.Inputs{Class: in.Class, Style: timing.StyleStartupProbe, SameCheck: true}
	figures := timing.Figures{
		StartupBudget: maybe(r, timing.MinStartupBudget, 3600), RestartAfter: maybe(r, timing.MinRestartAfter, 3600),
		UnreadyAfter: maybe(r, timing.MinUnreadyAfter, 3600),
	}
	alone.StartupBudget, alone.RestartAfter, alone.UnreadyAfter = figures.StartupBudget, figures.RestartAfter, figures.UnreadyAfter
	var suggested [3]timing.Fields
	for i, kind := range probe.Kinds() {
		for _, name := range probe.Fields() {
			if bounds, ok := timing.FieldBounds(kind, name); ok && r.IntN(6) == 0 {
				suggested[i].Set(name, bounds.Min+r.Int32N(bounds.Max-bounds.Min+1)/max(1, r.Int32N(100)))
			}
		}
	}
	for i, each := range []struct{ alone, beside *timing.Plan }{
		{&alone.Startup, &in.Startup}, {&alone.Liveness, &in.Liveness}, {&alone.Readiness, &in.Readiness},
	} {
		*each.alone = timing.Plan{Inject: true, Exec: each.beside.Exec, Fields: suggested[i]}
	}
	if _, clashes := timing.Derive(alone); len(clashes) > 0 {
		return
	}
	in.Suggested = figures
	in.Startup.Suggested, in.Liveness.Suggested, in.Readiness.Suggested = suggested[0], suggested[1], suggested[2]
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
	if broken := strictGuard(in, s); broken != "" {
		return broken
	}
	switch {
	case in.Startup.Inject && start.EarliestAct()+whole(in.Startup) < max(timing.MinStartupBudget, in.StartupBudget):
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
	case in.Liveness.Inject && !in.Startup.Inject && !in.ExistingStartup && live.EarliestAct()+whole(in.Liveness) < in.StartupBudget:
		return "liveness kills within the budget"
	}
	return ""
}

// strictGuard is in what a startup probe is stricter than the liveness probe beside it.
func strictGuard(in timing.Inputs, s timing.Timeline) string {
	live := s.Liveness
	if !in.Liveness.Inject {
		live = in.ExistingLiveness
	}
	start, own := s.Startup, in.Startup.Fields
	switch {
	case !in.Startup.Inject || live.IsZero():
		return ""
	case in.SameCheck && start.TimeoutSeconds < live.TimeoutSeconds:
		return "the startup probe gives an answer less time than liveness"
	case own.TimeoutSeconds == nil && own.PeriodSeconds == nil && start.TimeoutSeconds < live.TimeoutSeconds:
		return "the startup probe gives an answer less time than liveness, and nobody wants it"
	case live.TerminationGracePeriodSeconds != nil && start.TerminationGracePeriodSeconds == nil:
		return "the startup probe does not inherit the grace period"
	case !in.Liveness.Inject && in.StartupBudget == 0 && own.IsZero() && in.Startup.Suggested.IsZero() && start.EarliestAct() < live.EarliestAct():
		return "the startup probe kills earlier than the liveness probe that exists"
	case in.StartupBudget == 0 && own.IsZero() && in.Startup.Suggested.IsZero() && start.EarliestAct() < in.RestartAfter:
		return "the startup probe kills in a silence that a person tolerates"
	}
	return ""
}

// whole is the second that the kubelet may begin to count early, which is left out where somebody sets the fields.
func whole(plan timing.Plan) int32 {
	if plan.Fields.IsZero() && plan.Suggested.IsZero() {
		return 0
	}
	return 1
}
