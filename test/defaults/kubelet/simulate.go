package kubelet

import (
	"math"
	"time"
)

const never = time.Duration(math.MaxInt64)

// Simulate says what these probes do to a container that behaves like this trace, when things fall like these
// times.
func Simulate(probes Probes, trace Trace, times Times) Timeline {
	s := newSimulation(probes, trace, times)
	for s.step() {
	}
	s.setReady(false, s.end)
	return s.out
}

// simulation is the state of one Simulate. Its times are counted from a whole second of the wall clock.
type simulation struct {
	trace   Trace
	notice  time.Duration
	resync  time.Duration
	zero    time.Duration
	end     time.Duration
	now     time.Duration
	workers [3]*worker
	results [3]struct {
		containerID int
		value       result
	}

	// The container itself: how many runs have begun, the number of the one that is there, 0 for none; when it
	// began, when it will end by itself, and when the next one begins.
	begun, run                int
	runStart, runExit, starts time.Duration
	// noticeAt is when the status will say what is true now.
	noticeAt time.Duration
	resyncAt time.Duration
	status   status

	ready      bool
	readySince time.Duration
	out        Timeline
}

// status is what the kubelet believes about the container, the part of the Pod's status that workers read.
type status struct {
	// containerID is the number of the run, 0 before the first.
	containerID int
	running     bool
	startedAt   time.Duration
	// started is ContainerStatus.Started.
	started bool
}

func newSimulation(probes Probes, trace Trace, times Times) *simulation {
	start := times.Workers + times.Start
	s := &simulation{
		trace: trace, notice: times.Notice, resync: times.Resync,
		zero: start, end: start + trace.Until,
		runExit: never, starts: never, noticeAt: never, resyncAt: never,
	}
	if len(trace.Runs) > 0 {
		s.starts = start
	}
	for kind, probe := range [...]*Probe{Startup: probes.Startup, Liveness: probes.Liveness, Readiness: probes.Readiness} {
		s.workers[kind] = newWorker(Kind(kind), probe, times.Workers)
	}
	return s
}

// step goes to the next instant at which something happens, and lets it happen in the order of the package comment.
func (s *simulation) step() bool {
	if s.over() {
		return false
	}
	next := min(s.starts, s.runExit, s.noticeAt, s.resyncAt)
	for _, w := range s.workers {
		if w != nil {
			next = min(next, w.wake())
		}
	}
	if next >= s.end {
		return false
	}
	s.now = next
	if s.runExit == next {
		s.endRun()
	}
	if s.starts == next {
		s.startRun()
	}
	if s.noticeAt == next {
		s.observe()
	}
	if s.resyncAt == next {
		s.sync()
	}
	for _, w := range s.workers {
		if w != nil && w.wake() == next {
			w.advance(s)
		}
	}
	if w := s.workers[Readiness]; w != nil {
		w.takeTurn(s)
	}
	return true
}

// over says that nothing can change any more: the last run has ended and the status says so.
func (s *simulation) over() bool {
	return s.run == 0 && s.starts == never && s.noticeAt == never
}

func (s *simulation) startRun() {
	s.begun++
	s.run, s.runStart, s.starts, s.runExit = s.begun, s.now, never, never
	if exit := s.trace.Runs[s.run-1].Exit; exit > 0 {
		s.runExit = s.now + exit
	}
	s.noticeAt = min(s.noticeAt, s.now+s.notice)
}

// endRun ends the container, by itself or by a kill. If the next one begins before the kubelet looks, the kubelet
// sees the next one only.
func (s *simulation) endRun() {
	s.run, s.runExit = 0, never
	s.noticeAt = min(s.noticeAt, s.now+s.notice)
	if s.begun < len(s.trace.Runs) {
		s.starts = s.now + s.trace.Runs[s.begun].Wait
	}
}

// observe brings the status up to date with the container and syncs the Pod, as an event of the kubelet's own
// listing does (pkg/kubelet/pleg). The time of the start is cut to the second.
func (s *simulation) observe() {
	s.noticeAt = never
	if s.run == 0 {
		s.status.running, s.status.started = false, false
	} else {
		s.status = status{containerID: s.run, running: true, startedAt: s.runStart.Truncate(time.Second)}
	}
	s.setReady(false, s.now)
	s.sync()
}

// ask sends a probe to whatever is there now.
func (s *simulation) ask(probe *Probe) (ok bool, took time.Duration) {
	if s.run == 0 {
		return false, 0
	}
	ok, took = s.trace.Runs[s.run-1].ask(probe, s.now-s.runStart)
	if left := s.runExit - s.now; s.runExit != never && took > left {
		return false, left
	}
	return ok, took
}
