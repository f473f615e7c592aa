package prober_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/test/prober/node"
)

// readyAt plays Pods that start at once and says when each becomes ready. From there the readiness worker ticks: a
// probe that the kubelet's loop asks for begins its period anew (worker.go run).
func readyAt(t *testing.T, e *emitted) map[times]time.Duration {
	t.Helper()
	at := map[times]time.Duration{}
	quick := func(times) node.Script { return one(node.Process{Life: node.Silent(start, node.Refuses)}) }
	for _, h := range play(t, e.pod, quick, time.Minute) {
		ready, ok := h.first(1, node.Ready)
		if !ok {
			t.Fatalf("phase %s: never ready", h.phase)
		}
		at[h.times] = ready.At
	}
	return at
}

func TestASilentPodLeavesRotationWithinDetectionAndBeforeItIsRestarted(t *testing.T) {
	table := newMargins(t, "earliest promised", "earliest seen", "latest seen", "latest promised", "least before a restart")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		readiness := e.of(probe.Readiness)
		origin := readyAt(t, e)
		silent := func(m times) time.Duration { return m.near(e.settled(), origin[m], seconds(readiness.PeriodSeconds)) }
		var all, spare span
		for how, timeout := range silences(readiness) {
			ends := func(m times) node.Script {
				return one(node.Process{Life: node.Silent(start, node.Refuses).Then(silent(m), how)})
			}
			var seen span
			for _, h := range play(t, e.pod, ends, e.settled()+3*seconds(e.promise(probe.Liveness).Detection)) {
				unready, left := h.first(1, node.Unready)
				kill, ended := h.first(1, node.Killed)
				if !left || !ended {
					t.Fatalf("phase %s: left rotation %t, killed %t", h.phase, left, ended)
				}
				seen.add(unready.At - silent(h.times))
				all.add(unready.At - silent(h.times))
				spare.add(kill.At - unready.At)
			}
			seen.within(t, "unready", seconds(e.promise(probe.Readiness).Tolerance)+timeout, seconds(e.promise(probe.Readiness).Detection-readiness.TimeoutSeconds)+timeout)
		}
		if spare.min < 0 {
			t.Errorf("a container is killed %s before its Pod leaves rotation", -spare.min)
		}
		table.add(e, seconds(e.promise(probe.Readiness).Tolerance), all.min, all.max, seconds(e.promise(probe.Readiness).Detection), spare.min)
	})
}

func TestASilenceShorterThanTheReadinessToleranceNeverStopsTraffic(t *testing.T) {
	table := newMargins(t, "silent for", "Pods", "unready", "of half as many, with one failure less")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		readiness := e.of(probe.Readiness)
		origin := readyAt(t, e)
		lasting := seconds(e.promise(probe.Readiness).Tolerance) - closeBy
		unready := func(histories []history) int {
			n := 0
			for _, h := range histories {
				if _, left := h.first(1, node.Unready); left {
					n++
				}
			}
			return n
		}
		pods, left, leftWithLess := 0, 0, 0
		for how := range silences(readiness) {
			stalls := func(m times) node.Script {
				silent := m.near(e.settled(), origin[m], seconds(readiness.PeriodSeconds))
				return one(node.Process{Life: node.Silent(start, node.Refuses).ThenStalls(silent, lasting, how)})
			}
			until := e.settled() + lasting + 2*seconds(e.promise(probe.Readiness).Detection)
			histories := play(t, e.pod, stalls, until)
			pods += len(histories)
			left += unready(histories)
			if how == node.Refuses {
				leftWithLess = unready(play(t, e.fewerFailures(probe.Readiness), stalls, until))
			}
		}
		if left > 0 {
			t.Errorf("%d of %d Pods that are silent for %s leave rotation", left, pods, lasting)
		}
		if leftWithLess == 0 {
			t.Error("with one failure less nothing leaves rotation either: the test cannot see it")
		}
		table.add(e, lasting, pods, left, leftWithLess)
	})
}

// gate is the probe whose period decides when a Pod whose handlers answer becomes ready: the success of the startup
// probe makes the kubelet's loop ask readiness at once (prober_manager.go UpdatePodStatus), so the periods of the two
// do not add up.
func (e *emitted) gate() *corev1.Probe {
	if e.style == timing.StyleInitialDelay {
		return e.of(probe.Readiness)
	}
	return e.of(probe.Startup)
}

func TestAPodIsReadyWithinOnePeriodOfTheFirstAnswer(t *testing.T) {
	table := newMargins(t, "not before", "earliest seen", "one period", "latest seen", "and timeouts", "latest of slow answers", "promised")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		gate, readiness, promise := e.gate(), e.of(probe.Readiness), e.promise(probe.Readiness)
		delay, period := seconds(gate.InitialDelaySeconds), seconds(gate.PeriodSeconds)
		starts := func(m times) time.Duration { return time.Duration(m.spread * float64(delay+6*period)) }
		latency := seconds(readiness.TimeoutSeconds) - closeBy
		withTimeouts := period + seconds(readiness.TimeoutSeconds)
		if e.style == timing.StyleStartupProbe {
			withTimeouts += seconds(gate.TimeoutSeconds)
		}
		var early, late, slow, added span
		for how := range silences(gate) {
			for _, h := range play(t, e.pod, func(m times) node.Script {
				return one(node.Process{Life: node.Silent(starts(m), how)})
			}, 2*time.Minute) {
				ready := readyOf(t, &h)
				early.add(ready)
				late.add(ready - max(starts(h.times), delay))
				added.add(ready - starts(h.times))
			}
			for _, h := range play(t, e.pod, func(m times) node.Script {
				return one(node.Process{Life: node.Silent(starts(m), how), Latency: latency})
			}, 2*time.Minute) {
				slow.add(readyOf(t, &h) - max(starts(h.times), delay))
			}
		}
		early.within(t, "ready", seconds(promise.ReadyNotBefore), 2*time.Minute)
		late.within(t, "ready after the first answer", -cut, period)
		slow.within(t, "ready after the first answer, each answer taking almost its timeout", -cut, withTimeouts)
		if e.style == timing.StyleStartupProbe {
			added.within(t, "added to a start", 0, seconds(e.promise(probe.Startup).AddsToStart))
		}
		if within := seconds(promise.ReadyWithin); within < withTimeouts {
			t.Errorf("promised within %s, it can take %s", within, withTimeouts)
		}
		table.add(e, seconds(promise.ReadyNotBefore), early.min, period, late.max, withTimeouts, slow.max, seconds(promise.ReadyWithin))
	})
}

func TestAPodWhoseReadinessComesLaterIsReadyWithinOneReadinessPeriod(t *testing.T) {
	table := newMargins(t, "latest seen", "promised")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		gate, readiness := e.gate(), e.of(probe.Readiness)
		answers := func(m times) time.Duration {
			return seconds(gate.InitialDelaySeconds+gate.PeriodSeconds) + time.Duration(m.spread*float64(3*time.Minute))
		}
		var seen span
		for how := range silences(readiness) {
			for _, h := range play(t, e.pod, func(m times) node.Script {
				return one(node.Process{Life: node.Silent(0, how), Readiness: node.Silent(answers(m), how)})
			}, 5*time.Minute) {
				seen.add(readyOf(t, &h) - answers(h.times))
			}
		}
		seen.within(t, "ready after the first answer to readiness", 0, seconds(readiness.PeriodSeconds))
		table.add(e, seen.max, seconds(readiness.PeriodSeconds))
	})
}

func readyOf(t *testing.T, h *history) time.Duration {
	t.Helper()
	ready, ok := h.first(1, node.Ready)
	if !ok {
		t.Fatalf("phase %s: never ready", h.phase)
	}
	return ready.At
}
