package kubelet

import "time"

// Trace is what happens in the container, whatever the kubelet thinks of it.
type Trace struct {
	// Runs are the processes, one after the other: the next begins when one has ended, by itself or by a kill.
	// After the last, no container starts any more.
	Runs []Run
	// Until ends the simulation, counted from the first start.
	Until time.Duration
}

// Run is one process from its start to its end.
type Run struct {
	// Wait is the time between the end of the run before and this start, the back-off included. The first run
	// ignores it: Times.Start says when that begins.
	Wait time.Duration
	// Behaviours follow one another, sorted by From; before the first the port is closed.
	Behaviours []Behaviour
	// Exit is when the process ends by itself, counted from its start; 0 is never.
	Exit time.Duration
}

// Behaviour is how a process treats probes from some moment on.
type Behaviour struct {
	// From is counted from the start of the run.
	From time.Duration
	// State says what a probe meets.
	State State
	// Latency is how long an answer takes; it only matters to Answering and Refusing.
	Latency time.Duration
}

// State is what a probe meets at the port of a container.
type State int

// The states.
const (
	// Closed: nothing listens, a connection is refused at once.
	Closed State = iota
	// Refusing: the application listens and says that it is not well, as with HTTP 503.
	Refusing
	// Silent: the port is open and nobody answers. A request that is waiting meets what comes next.
	Silent
	// Answering: the application answers that it is well.
	Answering
)

// ask sends one probe to a run, at a time counted from the run's start, and reports whether it succeeds and after how
// long the kubelet knows. A request ends without success when its timeout is over (pkg/probe/http: DoHTTPProbe).
func (r *Run) ask(probe *Probe, at time.Duration) (success bool, took time.Duration) {
	switch probe.Handler {
	case AlwaysFails:
		return false, 0
	case AlwaysSucceeds:
		return true, 0
	case Connect:
		i := r.behaviourAt(at)
		return i >= 0 && r.Behaviours[i].State != Closed, 0
	default:
		return r.request(at, seconds(probe.TimeoutSeconds))
	}
}

func (r *Run) request(at, timeout time.Duration) (success bool, took time.Duration) {
	i, now := r.behaviourAt(at), at
	for ; i >= 0 && r.Behaviours[i].State == Silent; i++ {
		if i+1 == len(r.Behaviours) {
			return false, timeout
		}
		if now = r.Behaviours[i+1].From; now-at >= timeout {
			return false, timeout
		}
	}
	if i < 0 || r.Behaviours[i].State == Closed {
		return false, now - at
	}
	if took = now - at + r.Behaviours[i].Latency; took >= timeout {
		return false, timeout
	}
	return r.Behaviours[i].State == Answering, took
}

// behaviourAt is the index of the behaviour at a time, or -1 before the first.
func (r *Run) behaviourAt(at time.Duration) int {
	i := len(r.Behaviours) - 1
	for i >= 0 && r.Behaviours[i].From > at {
		i--
	}
	return i
}
