package main

import (
	"context"
	"sync"
	"time"
)

// target is what all servers answer from.
type target struct {
	folder string

	lock sync.Mutex
	// begun reports whether the ports are open; the others are from when it is started and ready.
	begun              bool
	startedAt, readyAt time.Time
	broken, unready    bool
	hung               bool
	// hang is closed when it hangs.
	hang chan struct{}
}

// state is what the target answers at one moment.
type state struct {
	Alive   bool `json:"alive"`
	Ready   bool `json:"ready"`
	Started bool `json:"started"`
	Hung    bool `json:"hung"`
}

func newTarget(folder string) *target { return &target{folder: folder, hang: make(chan struct{})} }

// begin starts the delays.
func (t *target) begin(startedAfter, readyAfter time.Duration) {
	t.lock.Lock()
	defer t.lock.Unlock()
	now := time.Now()
	t.begun, t.startedAt, t.readyAt = true, now.Add(startedAfter), now.Add(readyAfter)
}

func (t *target) state() state {
	t.lock.Lock()
	defer t.lock.Unlock()
	now := time.Now()
	return state{
		Alive:   t.begun && !t.broken,
		Ready:   t.begun && !t.unready && !now.Before(t.readyAt),
		Started: t.begun && !now.Before(t.startedAt),
		Hung:    t.hung,
	}
}

func (t *target) setBroken(broken bool) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.broken = broken
}

func (t *target) setUnready(unready bool) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.unready = unready
}

// hangUp makes every later call of answer wait. There is no way back.
func (t *target) hangUp() {
	t.lock.Lock()
	defer t.lock.Unlock()
	if !t.hung {
		t.hung = true
		close(t.hang)
	}
}

// answer waits as long as the client does if the target hangs, and reports whether there is anything to answer.
func (t *target) answer(client context.Context) bool {
	select {
	case <-t.hang:
		<-client.Done()
		return false
	default:
		return true
	}
}
