package timing_test

import (
	"fmt"
	"testing"

	"github.com/probe-injector/probe-injector/policy/timing"
)

// numbers spells a timing as delay/period/timeout/failureThreshold.
func numbers(t timing.Timing) string {
	return fmt.Sprintf("%d/%d/%d/%d", t.InitialDelaySeconds, t.PeriodSeconds, t.TimeoutSeconds, t.FailureThreshold)
}

func classOf(t *testing.T, name string) timing.Class {
	t.Helper()
	class, ok := timing.ClassByName(name)
	if !ok {
		t.Fatalf("no class %q", name)
	}
	return class
}

// allProbes plans all three probes as a Pod that asks gets them.
func allProbes(class timing.Class, style timing.Style) timing.Inputs {
	return timing.Inputs{
		Class: class, Style: style, MaxStartupBudget: 3600, SameCheck: true,
		Startup:   timing.Plan{Inject: style == timing.StyleStartupProbe},
		Liveness:  timing.Plan{Inject: true},
		Readiness: timing.Plan{Inject: true},
	}
}

func TestEveryClassHasTheNumbersOfTheTable(t *testing.T) {
	rows := []struct {
		class                        string
		startup, readiness, liveness string
		earliest, latest             int32
		delayedReadiness             string
		delayedLiveness              string
	}{
		{"fast", "3/5/5/67", "3/5/3/3", "3/10/5/6", 332, 346, "2/5/3/3", "281/10/5/6"},
		{"interpreted", "10/5/5/66", "10/5/3/3", "10/10/5/6", 334, 345, "10/5/3/3", "281/10/5/6"},
		{"jvm-light", "8/5/5/66", "8/5/3/3", "8/10/5/6", 332, 343, "7/5/3/3", "281/10/5/6"},
		{"dotnet", "8/5/5/66", "8/5/3/3", "8/10/5/6", 332, 343, "7/5/3/3", "281/10/5/6"},
		{"generic", "5/5/5/67", "5/5/3/3", "5/10/5/6", 334, 346, "5/5/3/3", "281/10/5/6"},
		{"jvm", "10/5/5/66", "10/5/3/3", "10/10/5/6", 334, 345, "10/5/3/3", "281/10/5/6"},
		{"jvm-heavy", "10/10/5/61", "10/5/3/3", "10/10/5/6", 609, 626, "10/5/3/3", "551/10/5/6"},
		{"model", "10/10/5/181", "10/5/3/3", "10/10/5/6", 1809, 1826, "10/5/3/3", "1751/10/5/6"},
		{"database", "5/10/5/361", "5/10/5/3", "5/15/5/6", 3604, 3626, "5/10/5/3", "3526/15/5/6"},
	}
	if len(rows) != len(timing.Classes()) {
		t.Fatalf("%d rows for %d classes", len(rows), len(timing.Classes()))
	}
	for _, row := range rows {
		t.Run(row.class, func(t *testing.T) {
			got, clashes := timing.Derive(allProbes(classOf(t, row.class), timing.StyleStartupProbe))
			if len(clashes) > 0 {
				t.Fatalf("clashes: %v", clashes)
			}
			expect(t, "startup", numbers(got.Startup), row.startup)
			expect(t, "readiness", numbers(got.Readiness), row.readiness)
			expect(t, "liveness", numbers(got.Liveness), row.liveness)
			expect(t, "earliest kill while starting", got.Startup.EarliestAct(), row.earliest)
			expect(t, "latest kill while starting", got.Startup.LatestAct(), row.latest)

			got, clashes = timing.Derive(allProbes(classOf(t, row.class), timing.StyleInitialDelay))
			if len(clashes) > 0 {
				t.Fatalf("clashes: %v", clashes)
			}
			expect(t, "readiness without a startup probe", numbers(got.Readiness), row.delayedReadiness)
			expect(t, "liveness without a startup probe", numbers(got.Liveness), row.delayedLiveness)
		})
	}
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestHumanFiguresReplaceTheClassBeforeTheDerivation(t *testing.T) {
	rows := map[string]struct {
		class                        string
		change                       func(*timing.Inputs)
		startup, liveness, readiness string
	}{
		"a CPU limit of half a core doubles the class's start": {
			"jvm", func(in *timing.Inputs) { in.CPULimitMillis = 500 }, "10/10/5/67", "10/10/5/6", "10/5/3/3",
		},
		"a CPU limit does not touch a class that does not compile": {
			"fast", func(in *timing.Inputs) { in.CPULimitMillis = 100 }, "3/5/5/67", "3/10/5/6", "3/5/3/3",
		},
		"a CPU limit stretches at most four times": {
			"interpreted", func(in *timing.Inputs) { in.CPULimitMillis = 1 }, "10/10/5/133", "10/10/5/6", "10/5/3/3",
		},
		"a CPU limit stretches a class at most to the policy's ceiling": {
			"model", func(in *timing.Inputs) { in.CPULimitMillis = 250 }, "10/10/5/361", "10/10/5/6", "10/5/3/3",
		},
		"a CPU limit never stretches a person's budget": {
			"jvm", func(in *timing.Inputs) { in.CPULimitMillis, in.StartupBudget = 500, 90 }, "8/5/5/18", "8/10/5/6", "8/5/3/3",
		},
		"a person's budget of five minutes is kept": {
			"generic", func(in *timing.Inputs) { in.StartupBudget = 300 }, "5/5/5/61", "5/10/5/6", "5/5/3/3",
		},
		"a generous budget does not slow the start": {
			"generic", func(in *timing.Inputs) { in.StartupBudget = 600 }, "5/10/5/61", "5/10/5/6", "5/5/3/3",
		},
		"a restart after two minutes": {
			"generic", func(in *timing.Inputs) { in.RestartAfter = 120 }, "5/5/5/67", "5/24/5/6", "5/5/3/3",
		},
		"the quickest restart makes readiness quicker too": {
			"generic", func(in *timing.Inputs) { in.RestartAfter = 20 }, "5/5/5/67", "5/5/5/5", "5/5/3/2",
		},
		"the quickest readiness": {
			"generic", func(in *timing.Inputs) { in.UnreadyAfter = 13 }, "5/5/5/67", "5/10/5/6", "5/5/3/2",
		},
		"out of rotation within half a minute": {
			"generic", func(in *timing.Inputs) { in.UnreadyAfter = 30 }, "5/5/5/67", "5/10/5/6", "5/5/3/5",
		},
		"a patient readiness that a person wants makes liveness more patient": {
			"generic", func(in *timing.Inputs) { in.UnreadyAfter = 60 }, "5/5/5/67", "5/10/5/11", "5/5/3/11",
		},
		"a database leaves rotation as fast as a person wants": {
			"database", func(in *timing.Inputs) { in.UnreadyAfter = 13 }, "5/10/5/361", "5/15/5/6", "5/5/3/2",
		},
		"commands are asked less often": {
			"database", func(in *timing.Inputs) { in.Startup.Exec, in.Liveness.Exec, in.Readiness.Exec = true, true, true },
			"5/15/5/241", "5/15/5/6", "5/10/5/3",
		},
		"a liveness command is asked every ten seconds at most": {
			"generic", func(in *timing.Inputs) { in.Liveness.Exec, in.RestartAfter = true, 20 }, "5/5/5/67", "5/10/5/3", "5/5/3/3",
		},
		"a readiness probe that exists makes liveness more patient": {
			"generic", func(in *timing.Inputs) { in.Readiness.Inject, in.ExistingReadinessWindow = false, 60 }, "5/5/5/67", "5/10/5/12", "0/0/0/0",
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			in := allProbes(classOf(t, row.class), timing.StyleStartupProbe)
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

func TestWithoutAStartupProbeLivenessWaitsForTheBudget(t *testing.T) {
	in := allProbes(classOf(t, "jvm"), timing.StyleInitialDelay)
	in.StartupBudget, in.CPULimitMillis = 90, 500
	got, _ := timing.Derive(in)
	expect(t, "liveness", numbers(got.Liveness), "41/10/5/6")
	expect(t, "readiness", numbers(got.Readiness), "7/5/3/3")
}
