package webhook

import (
	"net/http"
	"sync"
	"time"

	"github.com/probe-injector/probe-injector/webhook/listen"
)

// How long a body may take to arrive, or an answer to be read, while others wait for its memory. An API server sends a
// usual review in a packet or two and a megabyte in some of them, and reads as fast, unless its node is out of breath: so
// a client that was answered before may take nearly as long as the others wait.
const (
	patience            = 100 * time.Millisecond
	patienceWithRegular = 400 * time.Millisecond
)

// transfers are the bodies that are being read and the large answers that are being written, the oldest first. When
// memory is short, those end that have taken longest: whoever sends or reads drop by drop holds memory for others to wait
// for, and the API server does not.
type transfers struct {
	mutex       sync.Mutex
	first, last *transfer
}

// transfer is one of them.
type transfer struct {
	before, after *transfer
	begin         time.Time
	// request is whose it is, and writer its answer, which is being written or still to come. Both are nil for one that is
	// not in the list.
	request *http.Request
	writer  http.ResponseWriter
	writes  bool
	held    int64
	// large is about its memory; waiting is one that waits for more and cannot be told anything; ended was told to end, so
	// that its memory is promised to somebody.
	large, waiting, ended bool
}

// add puts a transfer at the end.
func (l *transfers) add(t *transfer, w http.ResponseWriter, r *http.Request, writes bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	*t = transfer{before: l.last, begin: time.Now(), request: r, writer: w, writes: writes, held: t.held, large: t.large}
	if l.last == nil {
		l.first = t
	} else {
		l.last.after = t
	}
	l.last = t
}

// remove takes a transfer out and reports whether it had been told to end. From then on it is not ended.
func (l *transfers) remove(t *transfer) (ended bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if t.request == nil {
		return t.ended
	}
	if t.before == nil {
		l.first = t.after
	} else {
		t.before.after = t.after
	}
	if t.after == nil {
		l.last = t.before
	} else {
		t.after.before = t.before
	}
	t.before, t.after, t.request, t.writer = nil, nil, nil, nil
	return t.ended
}

// note remembers what a transfer holds.
func (l *transfers) note(t *transfer, held int64, large bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	t.held, t.large, t.waiting = held, large, false
}

// makeRoom ends the oldest transfers, as many as hold n bytes of one of the limits, for one that is about to wait for
// them.
func (l *transfers) makeRoom(newcomer *transfer, n int64, large bool) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	newcomer.waiting = true
	now := time.Now()
	for t := l.first; t != nil && n > 0 && now.Sub(t.begin) > patience; t = t.after {
		if t.large != large || t.held == 0 || t.waiting || t.ended || !t.end(now) {
			continue
		}
		n -= t.held
		t.ended = true
	}
}

// end ends the transfer, if it is the client who is slow and has taken longer than it may, and reports whether it does.
func (t *transfer) end(now time.Time) bool {
	p := listen.ProgressOf(t.request.Context())
	if !p.Waits || (p.Regular && now.Sub(t.begin) <= patienceWithRegular) {
		return false
	}
	control := http.NewResponseController(t.writer)
	if t.writes {
		return control.SetWriteDeadline(now) == nil
	}
	return control.SetReadDeadline(now) == nil
}
