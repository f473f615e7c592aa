package kubelet

import "time"

// worker follows prober/worker.go: one for each probe, and its fields have the same names.
type worker struct {
	kind   Kind
	spec   Probe
	period time.Duration

	// nextTick is when the ticker fires; tick says that it has fired while a probe was running. The channel of a
	// ticker holds one.
	nextTick time.Duration
	tick     bool
	// manualTrigger is worker.manualTriggerCh, a channel that holds one.
	manualTrigger bool

	// busyUntil is when the probe that is running ends, never when none is; pending is what it will have found.
	busyUntil time.Duration
	pending   bool

	// containerID is the number of the container that the worker knows, 0 for none.
	containerID int
	lastResult  result
	resultRun   int32
	onHold      bool
}

// result is a value of prober/results, with a zero value for "not there".
type result int

const (
	absent result = iota
	unknown
	success
	failure
)

func newWorker(kind Kind, spec *Probe, begin time.Duration) *worker {
	if spec == nil {
		return nil
	}
	filled := spec.defaulted()
	return &worker{kind: kind, spec: filled, period: seconds(filled.PeriodSeconds), nextTick: begin, busyUntil: never}
}

// initialValue is what a probe of this kind says of a new container (newWorker).
func (w *worker) initialValue() result {
	return [...]result{Startup: unknown, Liveness: success, Readiness: failure}[w.kind]
}

func (w *worker) idle() bool { return w.busyUntil == never }

// wake is the next time at which something happens in this worker.
func (w *worker) wake() time.Duration { return min(w.nextTick, w.busyUntil) }

// advance lets a worker do what is due now (worker.go: run). The first tick stands for the probe that a worker
// makes at once when it begins.
func (w *worker) advance(s *simulation) {
	if w.busyUntil == s.now {
		w.busyUntil = never
		w.record(s, w.pending)
	}
	if w.nextTick == s.now {
		w.nextTick += w.period
		w.tick = true
	}
	w.takeTurn(s)
}

// takeTurn begins the next probe if the worker is free and something asks for one. Of a tick and a manual trigger
// that both wait the trigger goes first here, where the kubelet takes either: it sets the ticker back, and a tick
// that was waiting is lost with it.
func (w *worker) takeTurn(s *simulation) {
	for w.idle() && (w.manualTrigger || w.tick) {
		if w.manualTrigger {
			w.manualTrigger = false
			w.nextTick = s.now + w.period
		}
		w.tick = false
		w.doProbe(s)
	}
}

// doProbe follows worker.go: doProbe up to the call of the prober.
func (w *worker) doProbe(s *simulation) {
	if s.status.containerID == 0 {
		return
	}
	if w.containerID != s.status.containerID {
		w.containerID = s.status.containerID
		s.set(w.kind, w.containerID, w.initialValue())
		w.onHold = false
	}
	if w.onHold {
		return
	}
	if !s.status.running {
		s.set(w.kind, w.containerID, failure)
		return
	}
	if (s.now - s.status.startedAt).Truncate(time.Second) < seconds(w.spec.InitialDelaySeconds) {
		return
	}
	if s.status.started == (w.kind == Startup) {
		return
	}
	if w.spec.Handler == AlwaysErrs {
		return
	}
	ok, took := s.ask(&w.spec)
	if took == 0 {
		w.record(s, ok)
		return
	}
	w.busyUntil, w.pending = s.now+took, ok
}

// record follows worker.go: doProbe after the call of the prober.
func (w *worker) record(s *simulation, ok bool) {
	outcome, threshold := failure, w.spec.FailureThreshold
	if ok {
		outcome, threshold = success, w.spec.SuccessThreshold
	}
	if w.lastResult == outcome {
		w.resultRun++
	} else {
		w.lastResult, w.resultRun = outcome, 1
	}
	if w.resultRun < threshold {
		return
	}
	s.set(w.kind, w.containerID, outcome)
	if w.kind == Startup || w.kind == Liveness && outcome == failure {
		w.onHold = true
		w.resultRun = 0
	}
}
