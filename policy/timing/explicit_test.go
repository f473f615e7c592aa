package timing_test

import (
	"testing"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

func TestNeighboursOfExplicitFieldsAdapt(t *testing.T) {
	rows := map[string]struct {
		change                       func(*timing.Inputs)
		startup, liveness, readiness string
	}{
		"a long timeout lengthens its period, and is the startup probe's too": {
			func(in *timing.Inputs) { in.Liveness.Fields.TimeoutSeconds = new(int32(20)) }, "5/20/20/18", "5/20/20/4", "5/5/3/3",
		},
		"a short period shortens its timeout and keeps the tolerance": {
			func(in *timing.Inputs) { in.Readiness.Fields.PeriodSeconds = new(int32(2)) }, "5/5/5/67", "5/10/5/6", "5/2/2/9",
		},
		"a startup period keeps the budget": {
			func(in *timing.Inputs) { in.Startup.Fields.PeriodSeconds = new(int32(20)) }, "5/20/5/18", "5/10/5/6", "5/5/3/3",
		},
		"a startup failureThreshold keeps a person's budget": {
			func(in *timing.Inputs) {
				in.StartupBudget, in.Startup.Fields.FailureThreshold = 300, new(int32(10))
			}, "5/33/5/10", "5/10/5/6", "5/5/3/3",
		},
		"a startup failureThreshold replaces a class's budget": {
			func(in *timing.Inputs) { in.Startup.Fields.FailureThreshold = new(int32(10)) }, "5/5/5/10", "5/10/5/6", "5/5/3/3",
		},
		"a liveness failureThreshold keeps a person's restart-after": {
			func(in *timing.Inputs) {
				in.RestartAfter, in.Liveness.Fields.FailureThreshold = 120, new(int32(4))
			}, "5/5/5/67", "5/40/5/4", "5/5/3/3",
		},
		"a readiness failureThreshold keeps a person's unready-after": {
			func(in *timing.Inputs) {
				in.UnreadyAfter, in.Readiness.Fields.FailureThreshold = 23, new(int32(10))
			}, "5/5/5/67", "5/10/5/6", "5/2/2/10",
		},
		"a patient readiness lengthens the liveness period where its threshold is fixed": {
			func(in *timing.Inputs) {
				in.UnreadyAfter, in.Liveness.Fields.FailureThreshold = 60, new(int32(5))
			}, "5/5/5/67", "5/22/5/5", "5/5/3/11",
		},
		"a startup failureThreshold of two is slow enough for half a minute": {
			func(in *timing.Inputs) { in.Startup.Fields.FailureThreshold = new(int32(2)) }, "5/26/5/2", "5/10/5/6", "5/5/3/3",
		},
		"a short startup period leaves liveness no longer timeout than it has itself": {
			func(in *timing.Inputs) { in.Startup.Fields.PeriodSeconds = new(int32(3)) }, "5/3/3/110", "5/10/3/6", "5/5/3/3",
		},
		"a startup probe that asks something else may be quick to give up": {
			func(in *timing.Inputs) { in.SameCheck, in.Startup.Fields.TimeoutSeconds = false, new(int32(1)) }, "5/5/1/67", "5/10/5/6", "5/5/3/3",
		},
		"a long silence that is tolerated is tolerated while starting": {
			func(in *timing.Inputs) { in.RestartAfter = 900 }, "5/10/5/91", "5/30/5/31", "5/5/3/3",
		},
		"a delay is taken as it is": {
			func(in *timing.Inputs) { in.Liveness.Fields.InitialDelaySeconds = new(int32(42)) }, "5/5/5/67", "42/10/5/6", "5/5/3/3",
		},
		"a startup delay counts for the budget": {
			func(in *timing.Inputs) { in.Startup.Fields.InitialDelaySeconds = new(int32(100)) }, "100/5/5/48", "5/10/5/6", "5/5/3/3",
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			in := allProbes(classOf(t, "generic"), timing.StyleStartupProbe)
			row.change(&in)
			got, clashes := timing.Derive(in)
			if len(clashes) > 0 {
				t.Fatalf("clashes: %v", clashes)
			}
			expect(t, "startup", numbers(got.Startup), row.startup)
			expect(t, "liveness", numbers(got.Liveness), row.liveness)
			expect(t, "readiness", numbers(got.Readiness), row.readiness)
		})
	}
}

func TestContradictionsAreNamed(t *testing.T) {
	rows := map[string]struct {
		change func(*timing.Inputs)
		blame  string
	}{
		"a timeout that does not fit into its period": {
			func(in *timing.Inputs) {
				in.Readiness.Fields = timing.Fields{TimeoutSeconds: new(int32(9)), PeriodSeconds: new(int32(5))}
			}, "readiness.timeoutSeconds",
		},
		"a startup probe that allows less than the budget": {
			func(in *timing.Inputs) {
				in.StartupBudget = 300
				in.Startup.Fields = timing.Fields{FailureThreshold: new(int32(5)), PeriodSeconds: new(int32(5))}
			}, "startup.failureThreshold",
		},
		"a startup probe that allows less than half a minute": {
			func(in *timing.Inputs) {
				in.Startup.Fields = timing.Fields{FailureThreshold: new(int32(2)), PeriodSeconds: new(int32(5))}
			}, "startup.failureThreshold",
		},
		"a startup probe that gives an answer less time than liveness does": {
			func(in *timing.Inputs) {
				in.Startup.Fields.TimeoutSeconds, in.Liveness.Fields.TimeoutSeconds = new(int32(3)), new(int32(30))
			}, "startup.timeoutSeconds",
		},
		"a startup period that leaves less time than liveness has": {
			func(in *timing.Inputs) {
				in.Startup.Fields.PeriodSeconds, in.Liveness.Fields.TimeoutSeconds = new(int32(3)), new(int32(4))
			}, "startup.periodSeconds",
		},
		"a startup timeout that is shorter than that of the liveness probe that exists": {
			func(in *timing.Inputs) {
				in.Liveness.Inject, in.ExistingLiveness = false, timing.Timing{PeriodSeconds: 10, TimeoutSeconds: 8, FailureThreshold: 3}
				in.Startup.Fields.TimeoutSeconds = new(int32(7))
			}, "startup.timeoutSeconds",
		},
		"a liveness probe that restarts earlier than a person wants": {
			func(in *timing.Inputs) {
				in.RestartAfter = 120
				in.Liveness.Fields = timing.Fields{FailureThreshold: new(int32(3)), PeriodSeconds: new(int32(10))}
			}, "liveness.failureThreshold",
		},
		"a liveness probe that restarts after less than twenty seconds": {
			func(in *timing.Inputs) {
				in.Liveness.Fields = timing.Fields{FailureThreshold: new(int32(3)), PeriodSeconds: new(int32(5))}
			}, "liveness.failureThreshold",
		},
		"a readiness probe that is slower than a person wants": {
			func(in *timing.Inputs) { in.UnreadyAfter, in.Readiness.Fields.PeriodSeconds = 13, new(int32(10)) }, "readiness.periodSeconds",
		},
		"a readiness command that cannot be quick enough": {
			func(in *timing.Inputs) { in.UnreadyAfter, in.Readiness.Exec = 13, true }, "unready-after",
		},
		"a liveness probe that a person makes as quick as readiness": {
			func(in *timing.Inputs) {
				in.UnreadyAfter = 60
				in.Liveness.Fields = timing.Fields{FailureThreshold: new(int32(5)), PeriodSeconds: new(int32(10))}
			}, "liveness.failureThreshold",
		},
		"a liveness command more often than every ten seconds": {
			func(in *timing.Inputs) { in.Liveness.Exec, in.Liveness.Fields.PeriodSeconds = true, new(int32(5)) }, "liveness.periodSeconds",
		},
		"a readiness command that is run every two seconds": {
			func(in *timing.Inputs) {
				in.Readiness.Exec, in.UnreadyAfter, in.Readiness.Fields.FailureThreshold = true, 30, new(int32(10))
			}, "readiness.failureThreshold",
		},
		"a startup command that is run every second": {
			func(in *timing.Inputs) { in.Startup.Exec, in.Startup.Fields.PeriodSeconds = true, new(int32(1)) }, "startup.periodSeconds",
		},
		"a liveness probe without any protection of the start": {
			func(in *timing.Inputs) {
				in.Startup.Inject, in.Liveness.Fields.InitialDelaySeconds = false, new(int32(0))
			}, "liveness.initialDelaySeconds",
		},
		"a liveness delay that is shorter than the budget needs": {
			func(in *timing.Inputs) {
				in.Startup.Inject, in.StartupBudget, in.Liveness.Fields.InitialDelaySeconds = false, 300, new(int32(30))
			}, "liveness.initialDelaySeconds",
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			in := allProbes(classOf(t, "generic"), timing.StyleStartupProbe)
			row.change(&in)
			_, clashes := timing.Derive(in)
			if len(clashes) != 1 {
				t.Fatalf("got %d clashes, want 1: %v", len(clashes), clashes)
			}
			expect(t, "blamed", clashes[0].Subject(), row.blame)
		})
	}
}

func TestBoundsFollowTheAPIServer(t *testing.T) {
	for _, kind := range probe.Kinds() {
		bounds, _ := timing.FieldBounds(kind, probe.SuccessThreshold)
		if kind.Kills() && bounds.Max != 1 {
			t.Errorf("%s: successThreshold may be %d, the API server accepts only 1", kind, bounds.Max)
		}
		if _, ok := timing.FieldBounds(kind, probe.TerminationGracePeriodSeconds); ok != kind.Kills() {
			t.Errorf("%s: terminationGracePeriodSeconds allowed: %v", kind, ok)
		}
	}
}
