package main

import (
	"os"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/test/defaults/kubelet"
)

const page = "../../docs/defaults.md"

// The whole computation, once: it takes seconds.
func TestTheComparison(t *testing.T) {
	res, err := measure()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("our probes kill no healthy start within the budget and no stall within the tolerance", func(t *testing.T) {
		res.each(func(i, j int, q question) {
			if q.promise {
				res.expectNone(t, i, j)
			}
		})
	})
	t.Run("the model kills where the numbers are too small", func(t *testing.T) {
		for _, row := range []struct {
			scenario, class, set string
			atLeast              int
		}{
			{"start", "jvm-heavy", "API defaults", samples / 2},
			{"start", "fast", "Polaris", samples},
			{"stall within", "fast", "API defaults", 1},
			{"above", "fast", "probe-injector", samples / 2},
			{"hang closed", "fast", "probe-injector, tcp", samples},
		} {
			if got := res.hits(t, row.scenario, row.class, row.set); got < row.atLeast {
				t.Errorf("%s, %s, %s: %d of %d, want at least %d", row.scenario, row.class, row.set, got, samples, row.atLeast)
			}
		}
	})
	t.Run("a connection never finds a hang that keeps its port open", func(t *testing.T) {
		for _, set := range []string{"probe-injector, tcp", "Azure"} {
			if got := res.hits(t, "hang open", "fast", set); got != 0 {
				t.Errorf("%s found %d of %d", set, got, samples)
			}
		}
	})
	t.Run("the page has these tables", func(t *testing.T) {
		have, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		tables, err := report(res)
		if err != nil {
			t.Fatal(err)
		}
		want, err := between(string(have), tables)
		if err != nil {
			t.Fatal(err)
		}
		if string(have) != want {
			t.Error("docs/defaults.md is out of date: run go -C test run ./defaults -write")
		}
	})
}

func (res *results) expectNone(t *testing.T, scenario, question int) {
	t.Helper()
	for k, s := range res.subjects {
		for l, set := range res.sets {
			if n := first(res.answers[scenario][question][k][l], never); set.ours && n > 0 {
				t.Errorf("%s, %s: %d of %d %s", s.Name, set.name, n, samples, res.scenarios[scenario].questions[question].title)
			}
		}
	}
}

// hits is how often the first question of a scenario was answered with a yes or a time.
func (res *results) hits(t *testing.T, scenario, class, set string) int {
	t.Helper()
	for i, s := range res.scenarios {
		for k, who := range res.subjects {
			for l, with := range res.sets {
				if s.name == scenario && who.Name == class && with.name == set {
					return first(res.answers[i][0][k][l], never)
				}
			}
		}
	}
	t.Fatalf("no %s, %s, %s", scenario, class, set)
	return 0
}

// What the random samples may miss: every phase, at the edge of the budget and of the tolerance.
func TestOurPromisesHoldInEveryPhase(t *testing.T) {
	all, err := subjects()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			for _, set := range sets() {
				if !set.ours {
					continue
				}
				probes, err := set.probes(s.Class)
				if err != nil {
					t.Fatal(err)
				}
				inEveryPhase(func(times kubelet.Times) {
					start := kubelet.Simulate(probes, startAt(budget(s)), times)
					stall := kubelet.Simulate(probes, stallFor(s), times)
					if len(start.Kills)+len(stall.Kills) > 0 {
						t.Fatalf("%s, %+v: killed while starting %v, in a stall %v", set.name, times, start.Kills, stall.Kills)
					}
				})
			}
		})
	}
}

// inEveryPhase goes through a common multiple of all periods of ours, 30 s, at several places within a second.
func inEveryPhase(visit func(kubelet.Times)) {
	for workers := time.Duration(0); workers < time.Second; workers += 330 * time.Millisecond {
		for start := time.Second; start < 31*time.Second; start += 190 * time.Millisecond {
			visit(kubelet.Times{Workers: workers, Start: start, Notice: 50 * time.Millisecond, Resync: time.Minute})
		}
	}
}

func startAt(answers time.Duration) kubelet.Trace {
	return kubelet.Trace{Runs: []kubelet.Run{{Behaviours: fromThen(answers)}}, Until: answers + 30*time.Second}
}

func stallFor(s subject) kubelet.Trace {
	from := budget(s) + time.Minute
	return kubelet.Trace{
		Runs: []kubelet.Run{{Behaviours: append(fromThen(0),
			kubelet.Behaviour{From: from, State: kubelet.Closed}, fromThen(from + tolerance(s))[0])}},
		Until: from + tolerance(s) + 30*time.Second,
	}
}

func TestEveryClassIsComparedWithPublishedFigures(t *testing.T) {
	for _, class := range timing.Classes() {
		if len(published()[class.Name]) == 0 {
			t.Errorf("class %s: nothing published beside it", class.Name)
		}
	}
	if got, want := len(published()), len(timing.Classes()); got != want {
		t.Errorf("figures for %d classes, there are %d", got, want)
	}
}
