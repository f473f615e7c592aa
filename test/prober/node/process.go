package node

import (
	"math"
	"slices"
	"time"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// Behaviour is what a process does with a request that reaches it.
type Behaviour int

// The behaviours.
const (
	// Refuses: the request fails at once, as on a closed port.
	Refuses Behaviour = iota
	// Hangs: the request waits until the process answers again, or for the probe's timeout.
	Hangs
	// Answers: the request succeeds.
	Answers
)

// Phase is a behaviour from a moment on, counted from the start of the container.
type Phase struct {
	From time.Duration
	Does Behaviour
}

// Life is what a process does over time: its phases in the order of their beginning, the first at 0.
type Life []Phase

// Silent is a process that does not answer until it starts to, and how it does not.
func Silent(until time.Duration, how Behaviour) Life {
	return Life{{0, how}, {until, Answers}}
}

// Never is a process that never answers.
func Never(how Behaviour) Life { return Life{{0, how}} }

// Then adds a phase.
func (l Life) Then(from time.Duration, does Behaviour) Life {
	return append(slices.Clip(l), Phase{from, does})
}

// ThenStalls adds a silence that ends by itself.
func (l Life) ThenStalls(from, lasting time.Duration, how Behaviour) Life {
	return l.Then(from, how).Then(from+lasting, Answers)
}

const forever = time.Duration(math.MaxInt64)

// at is the behaviour at a moment and the moment when it ends.
func (l Life) at(moment time.Duration) (Behaviour, time.Duration) {
	does, end := Refuses, forever
	for _, phase := range slices.Backward(l) {
		if phase.From <= moment {
			return phase.Does, end
		}
		end = phase.From
	}
	return does, end
}

// serve says how long a request takes that arrives at a moment and needs work for as long as latency, and whether
// it succeeds within the timeout.
func (l Life) serve(arrives, latency, timeout time.Duration) (takes time.Duration, succeeds bool) {
	for now := arrives; now-arrives <= timeout; {
		does, end := l.at(now)
		switch {
		case does == Refuses:
			return now - arrives, false
		case does == Answers && latency <= end-now:
			now += latency
			return min(now-arrives, timeout), now-arrives <= timeout
		case does == Answers:
			latency -= end - now
		}
		if end == forever {
			break
		}
		now = end
	}
	return timeout, false
}

// Process is what runs in one container.
type Process struct {
	// Life is what it does with the requests of all probes.
	Life Life
	// Readiness replaces Life for the requests of the readiness probe.
	Readiness Life
	// StartupPasses reports that the startup probe asks something else, which is well at once.
	StartupPasses bool
	// Latency is how long it works on an answer.
	Latency time.Duration
	// ExitsAfter is when it exits by itself, with an error; 0 is never.
	ExitsAfter time.Duration
}

func (p *Process) life(kind probe.Kind) Life {
	if kind == probe.Readiness && p.Readiness != nil {
		return p.Readiness
	}
	return p.Life
}
