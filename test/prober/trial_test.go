package prober_test

import (
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/prober/node"
)

// cut is what the status loses of the moment of a start: its fraction of a second (pkg/kubelet/status
// normalizeStatus). The kubelet counts initialDelaySeconds from there, so up to one second too early.
const cut = time.Second

// times are what nobody can choose on a real node: where in the workers' periods a container starts, and where in
// a second.
type times struct {
	// phase is how long after its workers began to tick the container starts.
	phase time.Duration
	// fraction is the part of the start that the status cuts off.
	fraction time.Duration
	// noticed is when the kubelet sees the start.
	noticed time.Duration
	// spread lies evenly in [0, 1): for tests that vary one thing more.
	spread float64
}

const (
	usualTimes  = 30
	goldenRatio = 0.618033988749895
	closeBy     = time.Millisecond
	// longestNoticed is how often the kubelet lists containers (pkg/kubelet/kubelet.go genericPlegRelistPeriod).
	longestNoticed = time.Second
)

// allTimes spreads starts over the half minute in which the ticks of all workers repeat, and adds for each probe the
// extreme ones: a tick that just misses the end of the initial delay, and one that just does not.
func allTimes(pod *corev1.Pod) []times {
	var all []times
	for i := range usualTimes {
		all = append(all, times{
			phase:    time.Duration(float64(30*time.Second) * (float64(i) + 0.5) / usualTimes),
			fraction: fraction(float64(i) * goldenRatio),
			spread:   math.Mod(float64(i)*goldenRatio*goldenRatio, 1),
		})
	}
	for _, kind := range probe.Kinds() {
		p := *slotOf(&pod.Spec.Containers[0], kind)
		if p == nil {
			continue
		}
		for _, fraction := range []time.Duration{0, cut - closeBy} {
			for _, off := range []time.Duration{-closeBy, closeBy} {
				delay, period := seconds(p.InitialDelaySeconds)-fraction, seconds(p.PeriodSeconds)
				phase := (off - delay) % period
				if phase < 0 {
					phase += period
				}
				all = append(all, times{phase: phase + period, fraction: fraction, spread: 0.5})
			}
		}
	}
	for i := range all {
		all[i].noticed = 50*time.Millisecond + time.Duration(math.Mod(float64(i)*goldenRatio, 1)*float64(longestNoticed-50*time.Millisecond))
	}
	return all
}

func fraction(of float64) time.Duration {
	return time.Duration(math.Mod(of, 1) * float64(time.Second)).Truncate(time.Microsecond)
}

// near is a moment after another one, for something that shall happen at all distances from the ticks of a worker:
// a third of the Pods just after a tick, a third just before one, a third anywhere. Ticks come at origin and every
// period from there.
func (m times) near(after, origin, period time.Duration) time.Duration {
	tick := origin + ((after-origin)/period+1)*period
	switch int(m.spread*1000) % 3 {
	case 0:
		return tick + closeBy
	case 1:
		return tick + period - closeBy
	default:
		return tick + time.Duration(m.spread*float64(period))
	}
}

// history is the log of one Pod.
type history struct {
	times
	events []node.Event
}

// first finds the first event of a container.
func (h *history) first(container int, what node.What) (node.Event, bool) {
	for _, e := range h.events {
		if e.Container == container && e.What == what {
			return e, true
		}
	}
	return node.Event{}, false
}

// play lets a script run in Pods that differ in their times only, in a bubble of its own time, for as long as
// given after the first start.
func play(t *testing.T, pod *corev1.Pod, script func(times) node.Script, lasting time.Duration) []history {
	t.Helper()
	histories := make([]history, 0, usualTimes)
	for _, m := range allTimes(pod) {
		histories = append(histories, history{times: m})
	}
	synctest.Test(t, func(t *testing.T) {
		n := node.Start()
		defer n.Stop()
		start := time.Now().Truncate(time.Second).Add(10 * time.Minute)
		var pods sync.WaitGroup
		for i := range histories {
			h := &histories[i]
			pods.Go(func() {
				time.Sleep(time.Until(start.Add(h.fraction - h.phase)))
				p, err := n.Admit(pod)
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(h.phase)
				told := script(h.times)
				told.Noticed = h.noticed
				p.Run(told, lasting)
				n.Remove(p)
				h.events = p.Log()
			})
		}
		pods.Wait()
	})
	return histories
}

// one is the script of a single process.
func one(process node.Process) node.Script { return node.Script{Processes: []node.Process{process}} }

// killed lists the kills of the first container in all histories.
func killed(histories []history) []node.Event {
	var kills []node.Event
	for i := range histories {
		if e, ok := histories[i].first(1, node.Killed); ok {
			kills = append(kills, e)
		}
	}
	return kills
}
