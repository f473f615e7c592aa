package prober_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/defaults/kubelet"
	"github.com/probe-injector/probe-injector/test/prober/node"
)

// comparison is one set of probes, one story of a container, and the moments at which everything falls: what the
// model of test/defaults/kubelet takes, and the same for the node.
type comparison struct {
	probes kubelet.Probes
	trace  kubelet.Trace
	times  kubelet.Times
	pod    *corev1.Pod
	script node.Script
}

const (
	comparisons     = 1000
	comparisonLasts = 10 * time.Minute
	comparisonSeed  = 20
	resolution      = time.Microsecond
	// sameInstant is how many of a hundred stories may differ. Workers of one Pod begin together, so their ticks meet,
	// and what the kubelet does first in one instant is up to the scheduler. Of 4000 stories 7 differed, one of them
	// in the time of a kill.
	sameInstant      = 1
	longestBehaviour = 60
)

// The model that compares defaults must do what the kubelet does: the same kills and the same times of being ready.
// The stories leave out a restart without any pause: there the kubelet takes "started" over to the next container
// (see crash_test.go), and the model does not.
func TestTheModelDoesWhatTheProberDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(comparisonSeed, comparisonSeed))
	all := make([]comparison, comparisons)
	for i := range all {
		all[i] = randomComparison(random)
	}
	probed := runComparisons(t, all)
	kills, intervals, differing := 0, 0, 0
	for i := range all {
		c := &all[i]
		model := kubelet.Simulate(c.probes, c.trace, c.times)
		kills += len(model.Kills)
		intervals += len(model.Ready)
		if want, got := tell(&model, c.times.Notice), tell(&probed[i], c.times.Notice); !slices.Equal(want, got) {
			differing++
			t.Logf("story %d differs\nprobes %s\nmoments %+v\ntrace %+v\nmodel  %v\nprober %v", i, spellProbes(&c.probes), c.times, c.trace, want, got)
		}
	}
	t.Logf("%d stories, %d differ; %d kills, %d intervals of being ready", comparisons, differing, kills, intervals)
	if differing > comparisons*sameInstant/100 {
		t.Errorf("%d of %d stories differ, more than the order of what falls on one instant explains", differing, comparisons)
	}
	if kills < comparisons/2 || intervals < comparisons {
		t.Error("too little happens for a comparison")
	}
}

func randomComparison(random *rand.Rand) comparison {
	c := comparison{
		times: kubelet.Times{
			Workers: randomTime(random, 1), Start: time.Second + randomTime(random, 30),
			Notice: 50*time.Millisecond + randomTime(random, 1), Resync: node.Resync,
		},
		trace: kubelet.Trace{Until: comparisonLasts},
		pod:   &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "web"}}}},
	}
	wait := 2*time.Second + randomTime(random, 20)
	c.script = node.Script{BackOff: wait, Noticed: c.times.Notice}
	for _, kind := range probe.Kinds() {
		if random.IntN(4) > 0 {
			c.add(kind, randomProbe(random))
		}
	}
	for range 12 {
		run, process := randomRun(random)
		run.Wait = wait
		c.trace.Runs = append(c.trace.Runs, run)
		c.script.Processes = append(c.script.Processes, process)
	}
	return c
}

func (c *comparison) add(kind probe.Kind, p *kubelet.Probe) {
	switch kind {
	case probe.Startup:
		c.probes.Startup = p
	case probe.Liveness:
		c.probes.Liveness = p
	default:
		c.probes.Readiness = p
	}
	*slotOf(&c.pod.Spec.Containers[0], kind) = &corev1.Probe{
		ProbeHandler:        corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: node.Command(kind)}},
		InitialDelaySeconds: p.InitialDelaySeconds, PeriodSeconds: p.PeriodSeconds, TimeoutSeconds: p.TimeoutSeconds,
		SuccessThreshold: 1, FailureThreshold: p.FailureThreshold,
	}
}

// randomProbe has a timeout that is shorter than its period. With another one, probes end together with ticks, and
// the kubelet takes the two in either order.
func randomProbe(random *rand.Rand) *kubelet.Probe {
	period := 2 + random.Int32N(12)
	return &kubelet.Probe{
		InitialDelaySeconds: random.Int32N(20), PeriodSeconds: period, TimeoutSeconds: 1 + random.Int32N(period-1),
		SuccessThreshold: 1, FailureThreshold: 1 + random.Int32N(5),
	}
}

func randomRun(random *rand.Rand) (kubelet.Run, node.Process) {
	states := map[node.Behaviour]kubelet.State{node.Refuses: kubelet.Closed, node.Hangs: kubelet.Silent, node.Answers: kubelet.Answering}
	var run kubelet.Run
	var process node.Process
	for from := time.Duration(0); from < comparisonLasts; from += randomTime(random, longestBehaviour) {
		does := node.Behaviour(random.IntN(3))
		if random.IntN(2) == 0 {
			does = node.Answers
		}
		run.Behaviours = append(run.Behaviours, kubelet.Behaviour{From: from, State: states[does]})
		process.Life = process.Life.Then(from, does)
	}
	if random.IntN(3) == 0 {
		run.Exit = time.Second + randomTime(random, 2*longestBehaviour)
		process.ExitsAfter = run.Exit
	}
	return run, process
}

func randomTime(random *rand.Rand, upTo int) time.Duration {
	return time.Duration(1 + random.Int64N(int64(upTo)*int64(time.Second)-1))
}

// runComparisons runs all stories on one node and returns them in the words of the model.
func runComparisons(t *testing.T, all []comparison) []kubelet.Timeline {
	t.Helper()
	timelines := make([]kubelet.Timeline, len(all))
	synctest.Test(t, func(t *testing.T) {
		n := node.Start()
		defer n.Stop()
		begin := time.Now().Truncate(time.Second).Add(time.Minute)
		var pods sync.WaitGroup
		for i := range all {
			c := &all[i]
			pods.Go(func() {
				time.Sleep(time.Until(begin.Add(c.times.Workers)))
				p, err := n.Admit(c.pod)
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(c.times.Start)
				started := time.Now()
				p.Run(c.script, comparisonLasts)
				time.Sleep(time.Until(started.Add(comparisonLasts)))
				timelines[i] = timelineOf(p.Log(), started)
				n.Remove(p)
			})
		}
		pods.Wait()
	})
	return timelines
}

func timelineOf(log []node.Event, started time.Time) kubelet.Timeline {
	var out kubelet.Timeline
	kinds := map[probe.Kind]kubelet.Kind{probe.Startup: kubelet.Startup, probe.Liveness: kubelet.Liveness}
	open := false
	for _, e := range log {
		at := e.Time.Sub(started)
		switch e.What {
		case node.Killed:
			out.Kills = append(out.Kills, kubelet.Kill{At: at, By: kinds[e.By], Run: e.Container - 1})
		case node.Ready:
			out.Ready = append(out.Ready, kubelet.Interval{From: at, To: comparisonLasts})
			open = true
		case node.Unready:
			if open {
				out.Ready[len(out.Ready)-1].To = at
			}
		case node.Running, node.Exited:
		}
	}
	return out
}

// tell spells a timeline. In the instant of a kill, readiness may fail just before or be asked no more: being ready
// ends then or when the end of the container is noticed, and both are told as the latter.
func tell(timeline *kubelet.Timeline, notice time.Duration) []string {
	var lines []string
	for _, k := range timeline.Kills {
		lines = append(lines, fmt.Sprintf("run %d killed by %s at %s", k.Run, k.By, k.At.Round(resolution)))
	}
	for _, r := range timeline.Ready {
		for _, k := range timeline.Kills {
			if r.To == k.At {
				r.To = min(k.At+notice, comparisonLasts)
			}
		}
		lines = append(lines, fmt.Sprintf("ready from %s to %s", r.From.Round(resolution), r.To.Round(resolution)))
	}
	return lines
}

func spellProbes(probes *kubelet.Probes) string {
	var out string
	for _, each := range []struct {
		name  string
		probe *kubelet.Probe
	}{{"startup", probes.Startup}, {"liveness", probes.Liveness}, {"readiness", probes.Readiness}} {
		if p := each.probe; p != nil {
			out += fmt.Sprintf(" %s %d/%d/%d/%d", each.name, p.InitialDelaySeconds, p.PeriodSeconds, p.TimeoutSeconds, p.FailureThreshold)
		}
	}
	return out
}
