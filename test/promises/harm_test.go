package promises_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/defaults/kubelet"
)

// An application that answers liveness slowly, but within its timeout, that starts within its budget, and that falls
// silent for no longer than is tolerated, is never killed by a probe of ours, whatever stands beside it.
func TestAnApplicationThatIsHealthyByItsLivenessProbeIsNeverKilled(t *testing.T) {
	cases := 0
	forDrawn(t, 7, func(t *testing.T, r *rand.Rand, d *drawn) {
		if !d.own.Has(probe.Startup) && !d.own.Has(probe.Liveness) {
			return
		}
		cases++
		timeout := d.timeout()
		latency := between(r, time.Millisecond, timeout)
		if r.IntN(3) == 0 {
			latency = timeout - time.Millisecond
		}
		starts := d.start(r)
		trace := kubelet.Trace{
			Runs: []kubelet.Run{{Behaviours: []kubelet.Behaviour{
				{State: oneOf(r, kubelet.Closed, kubelet.Refusing, kubelet.Silent), Latency: time.Millisecond},
				{From: starts, State: kubelet.Answering, Latency: latency},
			}}},
			Until: starts + 5*time.Minute,
		}
		if d.own.Has(probe.Liveness) && r.IntN(2) == 0 {
			d.stall(r, &trace, starts+d.settled(), latency)
		}
		times := randomTimes(r)
		got := kubelet.Simulate(d.model(r.IntN(2) == 0), trace, times)
		for _, kill := range got.Kills {
			if d.own.Has(map[kubelet.Kind]probe.Kind{kubelet.Startup: probe.Startup, kubelet.Liveness: probe.Liveness}[kill.By]) {
				t.Errorf("our %s kills it at %v: it answers after %v, each answer takes %v, %+v\nbehaviours %+v", kill.By, kill.At, starts, latency, times, trace.Runs)
			}
		}
	})
	t.Logf("%d cases", cases)
}

// timeout is that of the probe that says what being healthy is. A startup check of its own that a person wrote may have a
// shorter one, which is then for both, because the application here answers all in the same time.
func (d *drawn) timeout() time.Duration {
	least := d.subject().TimeoutSeconds
	start, ok := d.own.Get(probe.Startup)
	if named := d.keys[domain+"startup"]; ok && named != "" && named != "true" && !same(start, d.subject()) {
		least = min(least, start.TimeoutSeconds)
	}
	return inSeconds(least)
}

// start is when the application answers: within a person's budget, within that of the class, or within what is promised
// where a person changed fields of the probes themselves.
func (d *drawn) start(r *rand.Rand) time.Duration {
	budget := leastBudget
	if own, ok := d.keys[domain+"startup-budget"]; ok {
		budget, _ = strconv.Atoi(own)
	}
	for key := range d.keys {
		if key == domain+"startup.failureThreshold" || key == domain+"liveness.initialDelaySeconds" {
			budget = int(d.killNotBefore())
		}
	}
	if r.IntN(3) == 0 {
		return time.Duration(budget) * time.Second
	}
	return between(r, 0, time.Duration(budget)*time.Second)
}

func (d *drawn) killNotBefore() int32 {
	for _, kind := range []probe.Kind{probe.Startup, probe.Liveness} {
		if in, ok := d.line[kind]; ok {
			return in.Timeline.KillNotBefore()
		}
	}
	return 0
}

// settled is how long after its first answer a container has answered each of the probes that kill.
func (d *drawn) settled() time.Duration {
	longest := time.Duration(0)
	for _, kind := range []probe.Kind{probe.Startup, probe.Liveness} {
		if p, ok := d.all.Get(kind); ok {
			longest += inSeconds(max(p.PeriodSeconds, p.TimeoutSeconds) + p.TimeoutSeconds + 2)
			longest = max(longest, inSeconds(p.InitialDelaySeconds)+longest)
		}
	}
	return longest
}

// stall adds a silence that liveness tolerates.
func (d *drawn) stall(r *rand.Rand, trace *kubelet.Trace, after, latency time.Duration) {
	from := after + between(r, 0, time.Minute)
	to := from + inSeconds(d.said[probe.Liveness].Tolerance)
	behaviours := &trace.Runs[0].Behaviours
	*behaviours = append(*behaviours,
		kubelet.Behaviour{From: from, State: oneOf(r, kubelet.Closed, kubelet.Refusing, kubelet.Silent), Latency: time.Millisecond},
		kubelet.Behaviour{From: to, State: kubelet.Answering, Latency: latency})
	trace.Until = to + 2*time.Minute
}

// The same with less patience kills, so that the test above can see kills.
func TestLessPatienceKills(t *testing.T) {
	kills := map[kubelet.Kind]int{}
	forDrawn(t, 7, func(_ *testing.T, r *rand.Rand, d *drawn) {
		if d.subject() == nil {
			return
		}
		starts := inSeconds(leastBudget)
		trace := kubelet.Trace{Runs: []kubelet.Run{{Behaviours: []kubelet.Behaviour{
			{State: kubelet.Closed}, {From: starts, State: kubelet.Answering, Latency: inSeconds(d.subject().TimeoutSeconds) - time.Millisecond},
		}}}, Until: starts + 5*time.Minute}
		impatient := d.model(true)
		for _, p := range []*kubelet.Probe{impatient.Startup, impatient.Liveness} {
			if p != nil {
				p.FailureThreshold, p.TimeoutSeconds = max(1, p.FailureThreshold/2), max(1, p.TimeoutSeconds/2)
			}
		}
		for _, kill := range kubelet.Simulate(impatient, trace, randomTimes(r)).Kills {
			kills[kill.By]++
		}
	})
	if kills[kubelet.Startup] < 100 || kills[kubelet.Liveness] < 100 {
		t.Errorf("%d kills by startup probes, %d by liveness probes", kills[kubelet.Startup], kills[kubelet.Liveness])
	}
}
