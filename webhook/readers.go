package webhook

import (
	"sync"
	"time"
)

// patience is how long a body may take to arrive while others wait for its memory. An API server sends a usual review in
// a packet or two, and a megabyte in some of them.
const patience = 100 * time.Millisecond

// readers are the bodies that are being read, the oldest first. When memory is short, those end that have taken longest:
// whoever sends a body drop by drop holds memory for others to wait for, and the API server does not.
type readers struct {
	mutex       sync.Mutex
	first, last *reader
}

// reader is one of them.
type reader struct {
	before, after *reader
	begin         time.Time
	// stop has the reading end with an error; nil for one that is not in the list.
	stop func()
	held int64
	// large is about its memory; waiting is one that waits for more and cannot be told anything; ended was told to end, so
	// that its memory is promised to somebody.
	large, waiting, ended bool
}

// add puts a reader at the end.
func (l *readers) add(r *reader, stop func()) {
	r.begin, r.stop = time.Now(), stop
	l.mutex.Lock()
	defer l.mutex.Unlock()
	r.before = l.last
	if l.last == nil {
		l.first = r
	} else {
		l.last.after = r
	}
	l.last = r
}

// remove takes a reader out and reports whether it had been told to end. From then on stop is not called.
func (l *readers) remove(r *reader) (ended bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if r.stop == nil {
		return r.ended
	}
	if r.before == nil {
		l.first = r.after
	} else {
		r.before.after = r.after
	}
	if r.after == nil {
		l.last = r.before
	} else {
		r.after.before = r.before
	}
	r.before, r.after, r.stop = nil, nil, nil
	return r.ended
}

// note remembers what a reader holds.
func (l *readers) note(r *reader, held int64, large bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	r.held, r.large, r.waiting = held, large, false
}

// makeRoom ends the oldest readers, as many as hold n bytes of one of the limits, for one who is about to wait for them.
func (l *readers) makeRoom(newcomer *reader, n int64, large bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	newcomer.waiting = true
	now := time.Now()
	for r := l.first; r != nil && n > 0 && now.Sub(r.begin) > patience; r = r.after {
		if r.large != large || r.held == 0 || r.waiting || r.ended {
			continue
		}
		n -= r.held
		r.ended = true
		r.stop()
	}
}
