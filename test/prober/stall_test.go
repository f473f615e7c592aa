package prober_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/test/prober/node"
)

// start is when the processes of these tests answer.
const start = time.Second

// settled is when the liveness probe of a container that started at once is certain to have succeeded.
func (e *emitted) settled() time.Duration {
	live := e.of(probe.Liveness)
	return seconds(live.InitialDelaySeconds + 2*live.PeriodSeconds)
}

// anywhere is a moment after settled, at all distances from the ticks of liveness.
func (e *emitted) anywhere(m times) time.Duration {
	return m.near(e.settled(), -m.phase, seconds(e.of(probe.Liveness).PeriodSeconds))
}

func TestASilenceShorterThanTheToleranceNeverRestarts(t *testing.T) {
	table := newMargins(t, "silent for", "containers", "killed", "of half as many, with one failure less")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		live := e.of(probe.Liveness)
		lasting := seconds(e.promise(probe.Liveness).Tolerance) - closeBy
		containers, kills, killsWithLess := 0, 0, 0
		for how := range silences(live) {
			stalls := func(m times) node.Script {
				return one(node.Process{Life: node.Silent(start, node.Refuses).ThenStalls(e.anywhere(m), lasting, how)})
			}
			until := e.settled() + lasting + 2*seconds(e.promise(probe.Liveness).Detection)
			histories := play(t, e.pod, stalls, until)
			containers += len(histories)
			kills += len(killed(histories))
			if how == node.Refuses {
				killsWithLess = len(killed(play(t, e.fewerFailures(probe.Liveness), stalls, until)))
			}
		}
		if kills > 0 {
			t.Errorf("%d of %d containers that are silent for %s are killed", kills, containers, lasting)
		}
		if killsWithLess == 0 {
			t.Error("with one failure less nothing is killed either: the test cannot see kills")
		}
		table.add(e, lasting, containers, kills, killsWithLess)
	})
}

func TestAHangIsFoundWithinDetectionAndNotBeforeTheTolerance(t *testing.T) {
	table := newMargins(t, "earliest promised", "earliest seen", "latest seen", "latest promised")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		live := e.of(probe.Liveness)
		var all span
		for how, timeout := range silences(live) {
			ends := func(m times) node.Script {
				return one(node.Process{Life: node.Silent(start, node.Refuses).Then(e.anywhere(m), how)})
			}
			var seen span
			for _, h := range play(t, e.pod, ends, e.settled()+3*seconds(e.promise(probe.Liveness).Detection)) {
				kill, ok := h.first(1, node.Killed)
				if !ok || kill.By != probe.Liveness {
					t.Fatalf("phase %s: killed by %q, want liveness", h.phase, kill.By)
				}
				seen.add(kill.At - e.anywhere(h.times))
				all.add(kill.At - e.anywhere(h.times))
			}
			seen.within(t, "killed", seconds(e.promise(probe.Liveness).Tolerance)+timeout, seconds(e.promise(probe.Liveness).Detection-live.TimeoutSeconds)+timeout)
		}
		table.add(e, seconds(e.promise(probe.Liveness).Tolerance), all.min, all.max, seconds(e.promise(probe.Liveness).Detection))
	})
}

// Without a startup probe liveness is blind for its whole initialDelaySeconds: Detection counts from there.
func TestAHangRightAfterTheStartIsFoundWithinDetectionOfTheDelay(t *testing.T) {
	table := newMargins(t, "from", "latest seen", "latest promised", "seen from the hang")
	forEveryClass(t, func(t *testing.T, e *emitted) {
		live := e.of(probe.Liveness)
		delay := seconds(live.InitialDelaySeconds)
		hang := func(h history) time.Duration {
			ready, ok := h.first(1, node.Ready)
			if !ok {
				t.Fatalf("phase %s: never ready", h.phase)
			}
			return ready.At + closeBy
		}
		at := map[times]time.Duration{}
		for _, h := range play(t, e.pod, func(times) node.Script { return one(node.Process{Life: node.Silent(start, node.Refuses)}) }, time.Minute) {
			at[h.times] = hang(h)
		}
		hangs := func(m times) node.Script {
			return one(node.Process{Life: node.Silent(start, node.Refuses).Then(at[m], node.Hangs)})
		}
		var fromDelay, fromHang span
		for _, h := range play(t, e.pod, hangs, delay+3*seconds(e.promise(probe.Liveness).Detection)) {
			kill, ok := h.first(1, node.Killed)
			if !ok || kill.By != probe.Liveness {
				t.Fatalf("phase %s: killed by %q, want liveness", h.phase, kill.By)
			}
			fromDelay.add(kill.At - max(delay, at[h.times]))
			fromHang.add(kill.At - at[h.times])
		}
		fromDelay.within(t, "killed", seconds(e.promise(probe.Liveness).Tolerance)-cut, seconds(e.promise(probe.Liveness).Detection))
		table.add(e, max(delay, 0), fromDelay.max, seconds(e.promise(probe.Liveness).Detection), fromHang.max)
	})
}

func TestTheDefaultsOfTheAPIServerKillASilenceThatOursTolerate(t *testing.T) {
	const silence = 31 * time.Second
	stalls := func(e *emitted) func(times) node.Script {
		return func(m times) node.Script {
			return one(node.Process{Life: node.Silent(start, node.Refuses).ThenStalls(e.anywhere(m), silence, node.Hangs)})
		}
	}
	forEveryClass(t, func(t *testing.T, e *emitted) {
		if e.class.Name != timing.DefaultClassName {
			return // the silence lasts 31 s whatever the class
		}
		until := e.settled() + 5*time.Minute
		if ours := len(killed(play(t, e.pod, stalls(e), until))); ours > 0 {
			t.Errorf("ours kill %d containers", ours)
		}
		defaults := e.pod.DeepCopy()
		container := &defaults.Spec.Containers[0]
		container.StartupProbe, container.ReadinessProbe = nil, nil
		container.LivenessProbe = &corev1.Probe{
			ProbeHandler: container.LivenessProbe.ProbeHandler, PeriodSeconds: 10, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3,
		}
		histories := play(t, defaults, stalls(e), until)
		if theirs := len(killed(histories)); theirs != len(histories) {
			t.Errorf("the defaults kill %d of %d containers, they should kill all", theirs, len(histories))
		}
	})
}

func TestAContainerThatAnswersJustWithinItsTimeoutsIsReadyAndNeverKilled(t *testing.T) {
	forEveryClass(t, func(t *testing.T, e *emitted) {
		slow := seconds(min(e.of(probe.Readiness).TimeoutSeconds, e.of(probe.Liveness).TimeoutSeconds)) - closeBy
		answers := func(times) node.Script { return one(node.Process{Life: node.Silent(0, node.Refuses), Latency: slow}) }
		for _, h := range play(t, e.pod, answers, e.settled()+2*seconds(e.promise(probe.Liveness).Detection)) {
			_, isKilled := h.first(1, node.Killed)
			_, isReady := h.first(1, node.Ready)
			_, isUnready := h.first(1, node.Unready)
			if isKilled || !isReady || isUnready {
				t.Errorf("phase %s: ready %t, then unready %t, killed %t", h.phase, isReady, isUnready, isKilled)
			}
		}
	})
}
