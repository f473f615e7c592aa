package timing_test

import (
	"math/rand/v2"
	"testing"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// etcd is what the profile of etcd suggests: the timeouts of kubeadm.
func etcd(in *timing.Inputs) {
	in.Liveness.Suggested = timing.Fields{TimeoutSeconds: new(int32(15)), FailureThreshold: new(int32(8))}
}

func TestWhatAProfileSuggestsGivesWayToAPerson(t *testing.T) {
	rows := map[string]struct {
		style             timing.Style
		change            func(*timing.Inputs)
		startup, liveness string
	}{
		"a profile's timeout is the startup probe's too": {
			timing.StyleStartupProbe, etcd, "5/15/15/23", "5/15/15/8",
		},
		"a person's period shortens a profile's timeout": {
			timing.StyleStartupProbe, func(in *timing.Inputs) { etcd(in); in.Liveness.Fields.PeriodSeconds = new(int32(10)) }, "5/10/10/34", "5/10/10/8",
		},
		"a person's timeout lengthens a profile's period": {
			timing.StyleStartupProbe, func(in *timing.Inputs) {
				in.Liveness.Suggested.PeriodSeconds, in.Liveness.Fields.TimeoutSeconds = new(int32(30)), new(int32(40))
			}, "5/40/40/10", "5/40/40/3",
		},
		"a person's restart-after overrides a profile's threshold": {
			timing.StyleStartupProbe, func(in *timing.Inputs) { etcd(in); in.RestartAfter = 600 }, "5/15/15/41", "5/30/15/21",
		},
		"a person's threshold replaces a profile's budget, as it replaces a class's": {
			timing.StyleStartupProbe, func(in *timing.Inputs) {
				in.Suggested.StartupBudget, in.Startup.Fields.FailureThreshold = 900, new(int32(10))
			}, "5/10/5/10", "5/10/5/6",
		},
		"a person's budget raises a profile's threshold": {
			timing.StyleStartupProbe, func(in *timing.Inputs) {
				in.Startup.Suggested = timing.Fields{PeriodSeconds: new(int32(5)), FailureThreshold: new(int32(10))}
				in.StartupBudget = 300
			}, "5/5/5/61", "5/10/5/6",
		},
		"a profile's startup timeout is no shorter than liveness's": {
			timing.StyleStartupProbe, func(in *timing.Inputs) {
				in.Startup.Suggested.TimeoutSeconds, in.Liveness.Fields.TimeoutSeconds = new(int32(2)), new(int32(9))
			}, "5/9/9/38", "5/10/9/6",
		},
		"a profile's delay does not void the budget where no startup probe guards the start": {
			timing.StyleInitialDelay, func(in *timing.Inputs) { in.Liveness.Suggested.InitialDelaySeconds = new(int32(30)) }, "0/0/0/0", "281/10/5/6",
		},
		"a profile's delay that is longer than the budget stays": {
			timing.StyleInitialDelay, func(in *timing.Inputs) { in.Liveness.Suggested.InitialDelaySeconds = new(int32(400)) }, "0/0/0/0", "400/10/5/6",
		},
		"a person's delay takes the place of a profile's": {
			timing.StyleInitialDelay, func(in *timing.Inputs) {
				in.Liveness.Suggested.InitialDelaySeconds, in.Liveness.Fields.InitialDelaySeconds = new(int32(400)), new(int32(60))
			}, "0/0/0/0", "60/10/5/6",
		},
		"a person's delay gives way to no profile's budget": {
			timing.StyleInitialDelay, func(in *timing.Inputs) {
				in.Suggested.StartupBudget, in.Liveness.Fields.InitialDelaySeconds = 900, new(int32(60))
			}, "0/0/0/0", "60/10/5/6",
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			in := allProbes(classOf(t, "generic"), row.style)
			row.change(&in)
			got, clashes := timing.Derive(in)
			if len(clashes) > 0 {
				t.Fatalf("clashes: %v", clashes)
			}
			expect(t, "startup", numbers(got.Startup), row.startup)
			expect(t, "liveness", numbers(got.Liveness), row.liveness)
		})
	}
}

func TestAStartupProbeForALivenessProbeThatExistsIsNoStricterThanThat(t *testing.T) {
	rows := map[string]struct {
		existing timing.Timing
		change   func(*timing.Inputs)
		want     string
	}{
		"its timeout is that of the other": {
			timing.Timing{PeriodSeconds: 30, TimeoutSeconds: 20, FailureThreshold: 3}, func(*timing.Inputs) {}, "5/20/20/18",
		},
		"it is no less than ours otherwise": {
			timing.Timing{PeriodSeconds: 10, TimeoutSeconds: 1, FailureThreshold: 3}, func(*timing.Inputs) {}, "5/5/5/67",
		},
		"a start has as long as the other gives it already": {
			timing.Timing{InitialDelaySeconds: 600, PeriodSeconds: 10, TimeoutSeconds: 5, FailureThreshold: 6}, func(*timing.Inputs) {}, "5/10/5/66",
		},
		"a person's budget is a person's": {
			timing.Timing{InitialDelaySeconds: 600, PeriodSeconds: 10, TimeoutSeconds: 5, FailureThreshold: 6},
			func(in *timing.Inputs) { in.StartupBudget = 60 }, "5/5/5/13",
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			in := allProbes(classOf(t, "generic"), timing.StyleStartupProbe)
			in.Liveness.Inject, in.ExistingLiveness = false, row.existing
			row.change(&in)
			got, clashes := timing.Derive(in)
			if len(clashes) > 0 {
				t.Fatalf("clashes: %v", clashes)
			}
			expect(t, "startup", numbers(got.Startup), row.want)
		})
	}
}

func TestAStartupProbeInheritsTheGracePeriodOfLiveness(t *testing.T) {
	in := allProbes(classOf(t, "generic"), timing.StyleStartupProbe)
	in.Liveness.Fields.TerminationGracePeriodSeconds = new(int64(7))
	got, _ := timing.Derive(in)
	if grace := got.Startup.TerminationGracePeriodSeconds; grace == nil || *grace != 7 {
		t.Errorf("beside a person's liveness probe: %v, want 7", grace)
	}
	in.Startup.Fields.TerminationGracePeriodSeconds = new(int64(9))
	got, _ = timing.Derive(in)
	expect(t, "its own", *got.Startup.TerminationGracePeriodSeconds, 9)

	in = allProbes(classOf(t, "generic"), timing.StyleStartupProbe)
	in.Liveness.Inject = false
	in.ExistingLiveness = timing.Timing{PeriodSeconds: 10, TimeoutSeconds: 1, FailureThreshold: 3, TerminationGracePeriodSeconds: new(int64(8))}
	got, _ = timing.Derive(in)
	if grace := got.Startup.TerminationGracePeriodSeconds; grace == nil || *grace != 8 {
		t.Errorf("beside a liveness probe that exists: %v, want 8", grace)
	}
}

// One figure within its documented bounds is never refused, whatever a profile suggests. What remains are the rules that
// no figure of ours can give way to: commands are not run more often than a node bears, traffic does not stop sooner than
// a command can tell, and a liveness probe without a startup probe does not begin at once.
func TestOneFigureOfAPersonIsNeverRefusedBecauseOfAProfile(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200_000 {
		in := randomInputs(r)
		person := onlyOneFigure(r, &in)
		_, clashes := timing.Derive(in)
		for _, clash := range clashes {
			if clash.Subject() != person {
				t.Fatalf("a person set %s, blamed is %s: %s\ninputs %+v", person, clash.Subject(), clash.Fact, in)
			}
			exec := in.Startup.Exec || in.Liveness.Exec || in.Readiness.Exec
			undelayed := person == "liveness.initialDelaySeconds" && *in.Liveness.Fields.InitialDelaySeconds == 0
			beside := !in.ExistingLiveness.IsZero() || in.ExistingReadinessWindow > 0
			if !exec && !undelayed && !beside {
				t.Fatalf("%s is refused: %s\ninputs %+v", person, clash.Fact, in)
			}
		}
	}
}

// onlyOneFigure leaves one figure of a person in the inputs and names it.
func onlyOneFigure(r *rand.Rand, in *timing.Inputs) string {
	in.StartupBudget, in.RestartAfter, in.UnreadyAfter = 0, 0, 0
	plans := map[probe.Kind]*timing.Plan{probe.Startup: &in.Startup, probe.Liveness: &in.Liveness, probe.Readiness: &in.Readiness}
	for _, plan := range plans {
		plan.Fields = timing.Fields{}
	}
	switch r.IntN(6) {
	case 0:
		in.StartupBudget = timing.MinStartupBudget + r.Int32N(3571)
		return string(timing.StartupBudget)
	case 1:
		in.RestartAfter = timing.MinRestartAfter + r.Int32N(3581)
		return string(timing.RestartAfter)
	case 2:
		in.UnreadyAfter = timing.MinUnreadyAfter + r.Int32N(3588)
		return string(timing.UnreadyAfter)
	}
	for {
		kind, name := probe.Kinds()[r.IntN(3)], probe.Fields()[r.IntN(6)]
		if bounds, ok := timing.FieldBounds(kind, name); ok {
			plans[kind].Fields.Set(name, bounds.Min+r.Int32N(bounds.Max-bounds.Min+1)/max(1, r.Int32N(100)))
			return string(kind) + "." + string(name)
		}
	}
}
