package promises_test

import (
	"math/rand/v2"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/defaults/kubelet"
)

// prompt is the time of a quick answer.
const prompt = time.Millisecond

func always(state kubelet.State) []kubelet.Behaviour {
	return []kubelet.Behaviour{{State: state, Latency: prompt}}
}

// dumb is a state in which a container does not answer the probes, also not bare connections where there are some.
func (d *drawn) dumb(r *rand.Rand, kinds ...probe.Kind) kubelet.State {
	for _, kind := range kinds {
		if p, ok := d.all.Get(kind); ok && p.TCPSocket != nil {
			return kubelet.Closed
		}
	}
	return oneOf(r, kubelet.Closed, kubelet.Refusing, kubelet.Silent)
}

func TestAContainerThatNeverAnswersIsKilledBetweenTheTimesThatAreTold(t *testing.T) {
	forDrawn(t, 8, func(t *testing.T, r *rand.Rand, d *drawn) {
		for _, kind := range []probe.Kind{probe.Startup, probe.Liveness} {
			said, ok := d.said[kind]
			if !ok || said.KillBy == 0 || constant(d.subject()) {
				continue
			}
			trace := kubelet.Trace{Runs: []kubelet.Run{{Behaviours: always(d.dumb(r, kind, probe.Liveness))}}, Until: inSeconds(said.KillBy) + time.Minute}
			got := kubelet.Simulate(d.model(r.IntN(2) == 0), trace, randomTimes(r))
			if len(got.Kills) == 0 || got.Kills[0].At < inSeconds(said.KillNotBefore) || got.Kills[0].At > inSeconds(said.KillBy) {
				t.Errorf("%s says killed from %d to %d s, it is killed %v", kind, said.KillNotBefore, said.KillBy, got.Kills)
			}
			d.crash(t, r, kind, &said)
		}
	})
}

// crash lets the container exit by itself while it is starting.
func (d *drawn) crash(t *testing.T, r *rand.Rand, kind probe.Kind, said *policy.Guarantee) {
	t.Helper()
	exits, waits := between(r, time.Second, inSeconds(said.KillNotBefore)), between(r, 2*time.Second, 20*time.Second)
	never := always(d.dumb(r, kind, probe.Liveness))
	trace := kubelet.Trace{Runs: []kubelet.Run{{Behaviours: never, Exit: exits}, {Behaviours: never, Wait: waits}}, Until: 3 * inSeconds(said.KillBy)}
	got := kubelet.Simulate(d.model(false), trace, randomTimes(r))
	if len(got.Kills) == 0 || got.Kills[0].Run == 0 {
		return
	}
	if after := got.Kills[0].At - exits - waits; after < inSeconds(said.KillNotBeforeAfterCrash) {
		t.Errorf("%s says not killed before %d s after a crash, it is killed after %v", kind, said.KillNotBeforeAfterCrash, after)
	}
}

// constant reports whether a probe's outcome does not depend on the application.
func constant(p *corev1.Probe) bool { return p.Exec != nil && p.Exec.Command[0] == "true" }

func TestAHangIsFoundWithinTheTimesThatAreTold(t *testing.T) {
	forDrawn(t, 9, func(t *testing.T, r *rand.Rand, d *drawn) {
		said, ok := d.said[probe.Liveness]
		if !ok {
			return
		}
		silent := d.settled() + between(r, 0, 5*time.Minute)
		counted := max(silent, inSeconds(said.BlindFor))
		trace := kubelet.Trace{
			Runs:  []kubelet.Run{{Behaviours: append(always(kubelet.Answering), kubelet.Behaviour{From: silent, State: d.dumb(r, probe.Liveness), Latency: prompt})}},
			Until: counted + inSeconds(said.Detection) + time.Minute,
		}
		got := kubelet.Simulate(d.model(true), trace, randomTimes(r))
		if len(got.Kills) == 1 && got.Kills[0].By == kubelet.Startup && !d.own.Has(probe.Startup) {
			return
		}
		if len(got.Kills) == 0 || got.Kills[0].At < silent+inSeconds(said.Tolerance) || got.Kills[0].At > counted+inSeconds(said.Detection) {
			t.Errorf("silent from %v, counted from %v: says %d to %d s, killed %v", silent, counted, said.Tolerance, said.Detection, got.Kills)
		}
	})
}

func TestAStartupProbeDelaysAStartByNoMoreThanIsTold(t *testing.T) {
	forDrawn(t, 10, func(t *testing.T, r *rand.Rand, d *drawn) {
		said, ok := d.said[probe.Startup]
		if !ok {
			return
		}
		probes := kubelet.Probes{Startup: d.model(false).Startup}
		got := kubelet.Simulate(probes, kubelet.Trace{Runs: []kubelet.Run{{Behaviours: always(kubelet.Answering)}}, Until: 2 * time.Hour}, randomTimes(r))
		in := d.line[probe.Startup].Timing()
		if len(got.Ready) != 1 || got.Ready[0].From < inSeconds(in.EarliestProbe()) || got.Ready[0].From > inSeconds(said.AddsToStart)+2*prompt {
			t.Errorf("says the first probe comes %d to %d s after the start, started %v", in.EarliestProbe(), said.AddsToStart, got.Ready)
		}
	})
}

func TestAContainerIsReadyWhenItIsTold(t *testing.T) {
	forDrawn(t, 11, func(t *testing.T, r *rand.Rand, d *drawn) {
		said, ok := d.said[probe.Readiness]
		start, guarded := d.all.Get(probe.Startup)
		if !ok || (guarded && !d.own.Has(probe.Startup) && start.FailureThreshold*start.PeriodSeconds < 60) {
			return
		}
		answers := between(r, 0, 20*time.Second)
		live, _ := d.all.Get(probe.Liveness)
		if live != nil && !d.own.Has(probe.Liveness) {
			d.all.Delete(probe.Liveness)
		}
		trace := kubelet.Trace{Runs: []kubelet.Run{{Behaviours: []kubelet.Behaviour{{State: kubelet.Closed}, {From: answers, State: kubelet.Answering, Latency: prompt}}}}, Until: time.Hour}
		got := kubelet.Simulate(d.readyModel(), trace, randomTimes(r))
		earliest := inSeconds(said.ReadyNotBefore)
		latest := max(answers, earliest+time.Second) + inSeconds(said.ReadyWithin)
		if len(got.Ready) == 0 || got.Ready[0].From < earliest || got.Ready[0].From > latest {
			t.Errorf("answers after %v, says ready after %d and within %d s: %v, killed %v", answers, said.ReadyNotBefore, said.ReadyWithin, got.Ready, got.Kills)
		}
	})
}

// readyModel is the model without liveness, which has no say in being ready.
func (d *drawn) readyModel() kubelet.Probes {
	subject := *d
	if _, ok := d.all.Get(probe.Liveness); !ok {
		if ready, has := d.all.Get(probe.Readiness); has && !d.all.Has(probe.Startup) {
			subject.all.Set(probe.Startup, ready)
		}
	}
	probes := subject.model(false)
	if !d.all.Has(probe.Startup) {
		probes.Startup = nil
	}
	probes.Liveness = nil
	return probes
}
