package prober_test

import (
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/test/prober/node"
)

const backOff = 10 * time.Second

// The kubelet counts failures in a row per worker, and a worker outlives the container: nothing sets the count back
// when a container exits by itself (kubernetes/kubernetes#53530). So the container that follows may be killed before
// its budget is over, but only once: a kill sets the count back.
func TestAfterACrashWhileStartingOnlyTheDelayIsCertainOnce(t *testing.T) {
	table := newMargins(t, "earliest promised", "earliest seen", "killed early", "the one after: earliest", "latest")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		earliest, latest := seconds(e.promise(e.guard()).KillNotBefore), seconds(e.promise(e.guard()).KillBy)
		crashes := func(m times) node.Script {
			return node.Script{BackOff: backOff, Processes: []node.Process{
				{Life: node.Never(node.Refuses), ExitsAfter: m.near(earliest/2, 0, earliest/3)},
				{Life: node.Never(node.Hangs)},
				{Life: node.Never(node.Hangs)},
			}}
		}
		var second, third span
		early := 0
		for _, h := range play(t, e.pod, crashes, 3*latest+time.Minute) {
			first, ok := h.first(2, node.Killed)
			if !ok {
				t.Fatalf("phase %s: the container after the crash is not killed", h.phase)
			}
			if first.At < earliest {
				early++
			}
			second.add(first.At)
			if kill, ok := h.first(3, node.Killed); ok {
				third.add(kill.At)
			}
		}
		second.within(t, "the container after a crash is killed", seconds(e.promise(e.guard()).KillNotBeforeAfterCrash), latest)
		third.within(t, "the container after that kill is killed", earliest, latest)
		if early == 0 {
			t.Error("no container is killed early: the promise after a crash is too careful")
		}
		table.add(e, seconds(e.promise(e.guard()).KillNotBeforeAfterCrash), second.min, early, third.min, third.max)
	})
}

func TestAfterAKillByTheProbeTheFullBudgetIsThereAgain(t *testing.T) {
	forEveryClass(t, func(t *testing.T, e *emitted) {
		budget := seconds(e.promise(e.guard()).KillNotBefore)
		// The first restart of a container comes without a back-off.
		for _, pause := range []time.Duration{0, backOff} {
			script := func(m times) node.Script {
				return node.Script{BackOff: pause, Stopping: time.Duration(m.spread * float64(30*time.Second)), Processes: []node.Process{
					{Life: node.Never(node.Refuses)},
					{Life: node.Silent(budget, node.Refuses)},
				}}
			}
			for _, h := range play(t, e.pod, script, 2*seconds(e.promise(e.guard()).KillBy)+3*time.Minute) {
				if kill, ok := h.first(2, node.Killed); ok {
					t.Errorf("phase %s, back-off %s: the second start takes %s and is killed after %s", h.phase, pause, budget, kill.At)
				}
				if _, ok := h.first(2, node.Ready); !ok {
					t.Errorf("phase %s, back-off %s: the second start is never ready", h.phase, pause)
				}
			}
		}
	})
}

// A hang is the reason to kill, so the start after one is the usual restart. Without a back-off, the kubelet takes
// "started" of the container before over to the one after it (kubelet_pods.go convertToAPIContainerStatuses) until the
// startup worker ticks for the first time, and that tick does not probe. Where the delay is shorter than the period,
// or as long, the latest kill then comes later than LatestAct.
func TestAfterARestartBecauseOfAHangTheBudgetIsThere(t *testing.T) {
	table := newMargins(t, "earliest promised", "earliest seen", "latest seen", "latest promised", "without back-off")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		guard := e.of(e.guard())
		earliest, latest := seconds(e.promise(e.guard()).KillNotBefore), seconds(e.promise(e.guard()).KillBy)
		unprobed := max(0, seconds(guard.PeriodSeconds-guard.InitialDelaySeconds)+longestNoticed)
		if e.style == timing.StyleInitialDelay {
			unprobed = 0 // there is no startup worker
		}
		var seen span
		for pause, allowance := range map[time.Duration]time.Duration{0: unprobed, backOff: 0} {
			script := func(m times) node.Script {
				return node.Script{BackOff: pause, Stopping: time.Duration(m.spread * float64(30*time.Second)), Processes: []node.Process{
					{Life: node.Silent(start, node.Refuses).Then(e.anywhere(m), node.Hangs)},
					{Life: node.Never(node.Hangs)},
				}}
			}
			var after span
			for _, h := range play(t, e.pod, script, e.settled()+3*seconds(e.promise(probe.Liveness).Detection)+latest+3*time.Minute) {
				kill, ok := h.first(2, node.Killed)
				if !ok || kill.By != e.guard() {
					t.Fatalf("phase %s, back-off %s: the second container is killed by %q, want %q", h.phase, pause, kill.By, e.guard())
				}
				after.add(kill.At)
				seen.add(kill.At)
			}
			after.within(t, "the container after a hang is killed, back-off "+pause.String(), earliest, latest+allowance)
		}
		table.add(e, earliest, seen.min, seen.max, latest, latest+unprobed)
	})
}

// What holds for the count of the startup probe holds for that of liveness: a container that crashes in the middle
// of a silence leaves its failures to the next one.
func TestAfterACrashInASilenceLivenessKeepsItsCount(t *testing.T) {
	table := newMargins(t, "tolerance", "shortest silence that killed", "killed early")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		live := e.of(probe.Liveness)
		crash := seconds(e.promise(probe.Liveness).Tolerance) - closeBy
		script := func(m times) node.Script {
			silent := e.anywhere(m)
			return node.Script{BackOff: backOff, Processes: []node.Process{
				{Life: node.Silent(start, node.Refuses).Then(silent, node.Refuses), ExitsAfter: silent + crash},
				{Life: node.Silent(start, node.Refuses).Then(e.startedBy(), node.Refuses)},
			}}
		}
		var shortest span
		early := 0
		for _, h := range play(t, e.pod, script, 2*e.settled()+4*seconds(e.promise(probe.Liveness).Detection)) {
			kill, ok := h.first(2, node.Killed)
			if !ok {
				t.Fatalf("phase %s: the second container is not killed", h.phase)
			}
			if kill.At < seconds(live.InitialDelaySeconds)-cut {
				t.Errorf("phase %s: killed after %s, before the delay is over", h.phase, kill.At)
			}
			silence := kill.At - e.startedBy()
			shortest.add(silence)
			if silence < seconds(e.promise(probe.Liveness).Tolerance) {
				early++
			}
		}
		if early == 0 {
			t.Error("no container is killed early: the kubelet has learned to forget, and so may the promises")
		}
		table.add(e, seconds(e.promise(probe.Liveness).Tolerance), shortest.min, early)
	})
}

// startedBy is a moment in the life of a container that answers at once: it has passed its startup probe, if there
// is one, or its delay, and liveness may not have asked yet.
func (e *emitted) startedBy() time.Duration {
	gate := e.gate()
	return seconds(max(gate.InitialDelaySeconds+gate.PeriodSeconds, e.of(probe.Liveness).InitialDelaySeconds))
}
