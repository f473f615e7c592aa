package prober_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/prober/node"
)

// silences are the two ways of not answering, with how long the kubelet takes to know it.
func silences(probe *corev1.Probe) map[node.Behaviour]time.Duration {
	return map[node.Behaviour]time.Duration{node.Refuses: 0, node.Hangs: seconds(probe.TimeoutSeconds)}
}

func TestAContainerThatNeverAnswersIsKilledBetweenEarliestActAndLatestAct(t *testing.T) {
	table := newMargins(t, "earliest promised", "earliest seen", "latest seen", "latest promised")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		guard := e.of(e.guard())
		earliest, latest := seconds(e.promise(e.guard()).KillNotBefore), seconds(e.promise(e.guard()).KillBy)
		var all span
		for how, timeout := range silences(guard) {
			never := func(times) node.Script { return one(node.Process{Life: node.Never(how)}) }
			var seen span
			for _, h := range play(t, e.pod, never, latest+time.Minute) {
				kill, ok := h.first(1, node.Killed)
				if !ok || kill.By != e.guard() {
					t.Fatalf("phase %s: killed by %q, want %q", h.phase, kill.By, e.guard())
				}
				seen.add(kill.At)
				all.add(kill.At)
			}
			seen.within(t, "killed", earliest+timeout, latest-seconds(guard.TimeoutSeconds)+timeout)
		}
		table.add(e, earliest, all.min, all.max, latest)
	})
}

func TestAStartJustWithinTheBudgetIsNeverKilled(t *testing.T) {
	table := newMargins(t, "starts after", "starts", "killed", "of half as many, with one failure less")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		guard := e.of(e.guard())
		budget := seconds(e.promise(e.guard()).KillNotBefore)
		lasting := budget + 2*seconds(e.promise(probe.Liveness).Detection)
		starts, kills, killsWithLess := 0, 0, 0
		for how := range silences(guard) {
			late := func(times) node.Script { return one(node.Process{Life: node.Silent(budget, how)}) }
			histories := play(t, e.pod, late, lasting)
			starts += len(histories)
			kills += len(killed(histories))
			if how == node.Refuses {
				killsWithLess = len(killed(play(t, e.fewerFailures(e.guard()), late, lasting)))
			}
		}
		if kills > 0 {
			t.Errorf("%d of %d starts that take %s are killed", kills, starts, budget)
		}
		if killsWithLess == 0 {
			t.Error("with one failure less nothing is killed either: the test cannot see kills")
		}
		table.add(e, budget, starts, kills, killsWithLess)
	})
}

// The kubelet counts initialDelaySeconds from a start that is cut to the second. So a process may have up to a second
// less than initialDelaySeconds + (failureThreshold-1)*periodSeconds, and this is the test that it really happens.
func TestTheSecondThatTheStatusCutsOffIsMissingFromTheBudget(t *testing.T) {
	forEveryClass(t, func(t *testing.T, e *emitted) {
		guard := e.of(e.guard())
		uncut := seconds(guard.InitialDelaySeconds + (guard.FailureThreshold-1)*guard.PeriodSeconds)
		late := func(times) node.Script { return one(node.Process{Life: node.Silent(uncut-10*closeBy, node.Refuses)}) }
		lost := 0
		for _, h := range play(t, e.pod, late, uncut+time.Minute) {
			kill, ok := h.first(1, node.Killed)
			if !ok {
				continue
			}
			lost++
			if h.fraction == 0 {
				t.Errorf("phase %s: killed after %s without any cut", h.phase, kill.At)
			}
		}
		if lost == 0 {
			t.Error("no start within the uncut budget is killed: the promise could be a second better than it is")
		}
	})
}
