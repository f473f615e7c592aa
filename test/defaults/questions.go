package main

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/probe-injector/probe-injector/test/defaults/kubelet"
)

// sample is one container: what it does, when things fall, and the moment that answers are counted from.
type sample struct {
	trace kubelet.Trace
	times kubelet.Times
	from  time.Duration
}

// scenario is something that happens to containers, and what one may ask about it.
type scenario struct {
	name      string
	draw      func(subject, *rand.Rand) sample
	questions []question
}

// question is one row of the summary and one table by class.
type question struct {
	title, meaning string
	// answer is a time, or never, or gone. For a question that asks how many, any time is a yes.
	answer func(kubelet.Timeline, sample) time.Duration
	// howMany asks for a share instead of a median and a 99th percentile.
	howMany bool
	// promise says that our sets must answer 0.
	promise bool
}

const (
	// never: what is asked about did not happen.
	never = time.Duration(math.MaxInt64 - 1)
	// gone: the container was killed before it could be asked about.
	gone = time.Duration(math.MaxInt64)
)

const (
	usualLatency   = 10 * time.Millisecond
	overloadLasts  = 2 * time.Minute
	crashWaitLeast = time.Second
	crashWaitMost  = 2 * time.Second
)

func scenarios() []scenario {
	return []scenario{
		{"start", startWithin, []question{
			{"healthy starts killed", "First starts that take no longer than the class's startup budget.", killed, true, true},
			{"added to Ready", "From the moment at which the application answers until the container is Ready, for the same starts. Without any probe it would be Ready before it answers.", becomesReady, false, false},
			{"Ready too early", "The same starts: Ready before the application answers.", readyTooEarly, true, false},
		}},
		{"last second", startInTheLastSecond, []question{
			{"starts killed in the last second of the budget", "First starts that answer within the last second of the class's budget.", killed, true, true},
		}},
		{"above", startAbove, []question{
			{"starts above the budget killed", "First starts that take longer than the class's budget, as long as the population has them.", killed, true, false},
		}},
		{"crash", startAfterCrash, []question{
			{"starts killed after a crash while starting", "The container gives up by itself at a random moment of its budget, without having answered, and starts once more, healthily.", killed, true, false},
		}},
		{"stall within", stallWithin, []question{
			{"stalls killed", "A healthy container is silent for no longer than the class tolerates (restart after), its port open.", killed, true, true},
			{"stalls out of rotation", "The same stalls: not Ready for a while.", losesReady, true, false},
		}},
		{"stall beyond", stallBeyond, []question{
			{"longer stalls killed", "Silences that are longer than the class tolerates and end by themselves.", killed, true, false},
		}},
		{"overload", overloaded, []question{
			{"overloads killed", "For two minutes every answer takes longer, 2 s in the median, 15 s at the 99th percentile; all come.", killed, true, false},
		}},
		{"hang open", hangs(kubelet.Silent), []question{
			{"hang found, port open", "From the beginning of a hang that accepts connections and answers nothing, until the kill.", finds, false, false},
			{"hang out of rotation, port open", "The same hang, until the container is not Ready.", losesReady, false, false},
		}},
		{"hang closed", hangs(kubelet.Closed), []question{
			{"hang found, port closed", "From the moment at which the port closes for good until the kill.", finds, false, false},
			{"hang out of rotation, port closed", "The same, until the container is not Ready.", losesReady, false, false},
		}},
		{"early hang", earlyHang, []question{
			{"early hang found, port open", "A hang within the first minute of a container that started at once.", finds, false, false},
		}},
	}
}

func startWithin(s subject, r *rand.Rand) sample {
	return startsAfter(s.start.atMost(budget(s), r), r)
}

func startInTheLastSecond(s subject, r *rand.Rand) sample {
	return startsAfter(uniform(budget(s)-time.Second, budget(s), r), r)
}

func startAbove(s subject, r *rand.Rand) sample {
	return startsAfter(s.start.above(budget(s), r), r)
}

func startsAfter(answers time.Duration, r *rand.Rand) sample {
	return sample{
		trace: kubelet.Trace{Runs: []kubelet.Run{{Behaviours: fromThen(answers)}}, Until: answers + time.Minute},
		times: chance(r), from: answers,
	}
}

func startAfterCrash(s subject, r *rand.Rand) sample {
	crash := uniform(time.Second, budget(s), r)
	wait := uniform(crashWaitLeast, crashWaitMost, r)
	answers := s.start.atMost(budget(s), r)
	return sample{
		trace: kubelet.Trace{
			Runs:  []kubelet.Run{{Exit: crash}, {Wait: wait, Behaviours: fromThen(answers)}},
			Until: crash + wait + answers + time.Minute,
		},
		times: chance(r),
	}
}

func stallWithin(s subject, r *rand.Rand) sample {
	return disturbed(s, kubelet.Behaviour{State: kubelet.Silent}, s.stall.atMost(tolerance(s), r), r)
}

func stallBeyond(s subject, r *rand.Rand) sample {
	return disturbed(s, kubelet.Behaviour{State: kubelet.Silent}, s.stall.above(tolerance(s), r), r)
}

func overloaded(s subject, r *rand.Rand) sample {
	return disturbed(s, kubelet.Behaviour{State: kubelet.Answering, Latency: overload().draw(r)}, overloadLasts, r)
}

// disturbed begins late enough for every probe to be at work: also for liveness that waits for the whole budget.
func disturbed(s subject, as kubelet.Behaviour, lasts time.Duration, r *rand.Rand) sample {
	from := budget(s) + uniform(time.Minute, 2*time.Minute, r)
	as.From = from
	behaviours := append(fromThen(0), as, fromThen(from + lasts)[0])
	return sample{
		trace: kubelet.Trace{Runs: []kubelet.Run{{Behaviours: behaviours}}, Until: from + lasts + time.Minute},
		times: chance(r), from: from,
	}
}

func hangs(as kubelet.State) func(subject, *rand.Rand) sample {
	return func(s subject, r *rand.Rand) sample {
		return hangsFrom(budget(s)+uniform(time.Minute, 2*time.Minute, r), 10*time.Minute, as, r)
	}
}

func earlyHang(s subject, r *rand.Rand) sample {
	return hangsFrom(uniform(20*time.Second, time.Minute, r), budget(s)+10*time.Minute, kubelet.Silent, r)
}

func hangsFrom(from, lasts time.Duration, as kubelet.State, r *rand.Rand) sample {
	return sample{
		trace: kubelet.Trace{
			Runs:  []kubelet.Run{{Behaviours: append(fromThen(0), kubelet.Behaviour{From: from, State: as})}},
			Until: from + lasts,
		},
		times: chance(r), from: from,
	}
}

func fromThen(at time.Duration) []kubelet.Behaviour {
	return []kubelet.Behaviour{{From: at, State: kubelet.Answering, Latency: usualLatency}}
}

// chance draws what falls out on a node: any phase of the tickers, one listing of the containers a second, a sync
// without a reason every 60 to 90 s (package kubelet, Times).
func chance(r *rand.Rand) kubelet.Times {
	return kubelet.Times{
		Workers: uniform(0, time.Second, r),
		Start:   uniform(time.Second, time.Minute+time.Second, r),
		Notice:  uniform(50*time.Millisecond, 1050*time.Millisecond, r),
		Resync:  uniform(60*time.Second, 90*time.Second, r),
	}
}

func budget(s subject) time.Duration    { return time.Duration(s.StartupBudget) * time.Second }
func tolerance(s subject) time.Duration { return time.Duration(s.RestartAfter) * time.Second }

func killed(t kubelet.Timeline, _ sample) time.Duration {
	if len(t.Kills) == 0 {
		return never
	}
	return t.Kills[0].At
}

func becomesReady(t kubelet.Timeline, s sample) time.Duration {
	switch {
	case len(t.Ready) > 0:
		return t.Ready[0].From - s.from
	case len(t.Kills) > 0:
		return gone
	default:
		return never
	}
}

func readyTooEarly(t kubelet.Timeline, s sample) time.Duration {
	if after := becomesReady(t, s); after < 0 || after == gone {
		return after
	}
	return never
}

func finds(t kubelet.Timeline, s sample) time.Duration {
	switch {
	case len(t.Kills) == 0:
		return never
	case t.Kills[0].At < s.from:
		return gone
	default:
		return t.Kills[0].At - s.from
	}
}

func losesReady(t kubelet.Timeline, s sample) time.Duration {
	for _, ready := range t.Ready {
		if ready.From <= s.from && ready.To > s.from {
			if ready.To == s.trace.Until {
				return never
			}
			return ready.To - s.from
		}
	}
	return gone
}
