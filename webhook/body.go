package webhook

import (
	"io"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// How memory is accounted. A client that announces a large body gets memory for what it has sent and a little more,
// never for what it announces: otherwise a handful of silent connections could hold all of it.
const (
	// firstBuffer holds the usual review (4 to 8 KiB) without growing.
	firstBuffer = 8 << 10
	// largestPooled is the largest buffer that is kept for the next review. Larger ones are rare, and would stay in
	// memory for the sake of one Pod.
	largestPooled = 64 << 10
	// growth is by how much a full buffer grows: a client must send a quarter of what it gets.
	growth = 4
)

// smallAnswer is an answer that the socket takes at once, so that nobody holds memory for it. The usual one has 1 KiB.
const smallAnswer = 16 << 10

// buffer is memory for one body, kept in pool between reviews.
type buffer struct {
	data  []byte
	first [1]byte
}

// memory is what all bodies of a handler share: the limit of bytes in flight, and buffers to use again. A quarter of the
// limit is for small reviews, so that a few large ones never keep the usual ones out.
type memory struct {
	small, large *limit
	transfers    transfers
	// bodies and buffers are used again, each when it is done with.
	bodies, buffers sync.Pool
}

// smallReview is the most that a review holds which counts as small; the usual one holds 40 to 100 KiB.
const smallReview = 256 << 10

func newMemory(size int64, held prometheus.Gauge) memory {
	const smallShare = 4
	return memory{small: newLimit(size/smallShare, held), large: newLimit(size-size/smallShare, held)}
}

// body is one request's body while it is being read and decided, with what it holds of the limit.
type body struct {
	memory *memory
	left   waitBudget
	buffer *buffer
	held   int64
	// client is the address that it comes from.
	client string
	// large reports that held is of the limit for large reviews.
	large bool
	// turn is its turn to be decided, once it was read.
	turn turn
	// transfer is its place among those that are being read or answered.
	transfer transfer
}

// newBody returns an empty body, which holds nothing yet.
func (m *memory) newBody(left waitBudget) *body {
	buf, ok := m.buffers.Get().(*buffer)
	if !ok {
		buf = &buffer{}
	}
	b, ok := m.bodies.Get().(*body)
	if !ok {
		b = &body{}
	}
	*b = body{memory: m, left: left, buffer: buf}
	return b
}

// bytes is what was read. It is valid until answered.
func (b *body) bytes() []byte { return b.buffer.data }

// read reads everything, or returns the answer that refuses the request. The announced length, -1 if there is none,
// is only a hint that spares a large body some growing.
func (b *body) read(r io.Reader, announced int64) (answer, bool) {
	buf := b.buffer
	// The first byte is read into memory that every connection has anyway.
	n, err := io.ReadFull(r, buf.first[:])
	if n == 0 {
		if err == io.EOF {
			return refuse(http.StatusBadRequest, stageDecode, "the body is empty; an AdmissionReview was expected"), false
		}
		return refuseRead(), false
	}
	if refusal, ok := b.hold(max(int64(cap(buf.data)), firstBuffer)); !ok {
		return refusal, false
	}
	if cap(buf.data) == 0 {
		buf.data = make([]byte, 0, firstBuffer)
	}
	buf.data = append(buf.data[:0], buf.first[0])
	for {
		if len(buf.data) == cap(buf.data) {
			if refusal, ok := b.grow(announced); !ok {
				return refusal, false
			}
		}
		n, err := r.Read(buf.data[len(buf.data):cap(buf.data)])
		buf.data = buf.data[:len(buf.data)+n]
		if err == io.EOF {
			return answer{}, true
		}
		if err != nil {
			return refuseRead(), false
		}
	}
}

// grow makes room for more than the buffer holds, which is full.
func (b *body) grow(announced int64) (answer, bool) {
	old := int64(cap(b.buffer.data))
	if old > MaxBodyBytes {
		return refuseSize(), false
	}
	// One byte more than will come, so that the end is seen without growing again.
	most := int64(MaxBodyBytes + 1)
	if announced >= old {
		most = min(most, announced+1)
	}
	size := old * growth
	if size >= most-1 {
		size = most
	}
	// The old memory is held until its content is copied.
	if refusal, ok := b.hold(size); !ok {
		return refusal, false
	}
	b.buffer.data = append(make([]byte, 0, size), b.buffer.data...)
	b.drop(old)
	return answer{}, true
}

// hold takes n bytes of the limit. A review that alone needs more than there is in all is too large rather than early.
func (b *body) hold(n int64) (answer, bool) {
	if !b.large && b.held+n > smallReview {
		return b.holdAsLarge(n)
	}
	return b.take(b.limit(), n)
}

// holdAsLarge moves a review that grows to the limit for large ones.
func (b *body) holdAsLarge(n int64) (answer, bool) {
	before := b.held
	if refusal, ok := b.take(b.memory.large, before+n); !ok {
		return refusal, false
	}
	b.memory.small.release(before)
	b.held, b.large = before+n, true
	return answer{}, true
}

func (b *body) take(from *limit, n int64) (answer, bool) {
	if b.held+n > from.size {
		return refuse(http.StatusRequestEntityTooLarge, stageSize, "the review needs more memory than all reviews together may use"), false
	}
	if !from.tryAcquire(n) {
		b.memory.transfers.makeRoom(&b.transfer, n, from == b.memory.large)
		if refusal, ok := b.wait(from, n); !ok {
			return refusal, false
		}
	}
	b.held += n
	b.memory.transfers.note(&b.transfer, b.held, b.large)
	return answer{}, true
}

// wait takes n bytes as soon as they are free. Others have the turn meanwhile.
func (b *body) wait(from *limit, n int64) (answer, bool) {
	before := b.turn
	b.turn.end()
	if !from.acquire(n, &b.left) {
		return refuse(http.StatusServiceUnavailable, stageBudget, "overloaded, too many bytes in flight"), false
	}
	if !before.slot {
		return answer{}, true
	}
	refusal, ok := b.turn.take(b, before.large)
	if !ok {
		from.release(n)
	}
	return refusal, ok
}

// limit is what the body's memory is taken of.
func (b *body) limit() *limit {
	if b.large {
		return b.memory.large
	}
	return b.memory.small
}

func (b *body) drop(n int64) {
	b.limit().release(n)
	b.held -= n
}

// answered gives back everything but what an answer of n bytes takes while it is written, and reports whether that is
// anything. The bytes of the body must not be used afterwards.
func (b *body) answered(n int) bool {
	if b.buffer != nil && cap(b.buffer.data) <= largestPooled {
		b.buffer.data = b.buffer.data[:0]
		b.memory.buffers.Put(b.buffer)
	}
	b.buffer = nil
	rest := int64(n)
	if n <= smallAnswer {
		rest = 0
	}
	if b.held > rest {
		b.drop(b.held - rest)
	}
	b.memory.transfers.note(&b.transfer, b.held, b.large)
	return b.held > 0
}

// release gives back what is left, and the body itself.
func (b *body) release() {
	if b.held > 0 {
		b.drop(b.held)
	}
	b.memory.bodies.Put(b)
}

func refuseRead() answer {
	return refuse(http.StatusBadRequest, stageRead, "the body could not be read to its end")
}

func refuseSize() answer {
	return refuse(http.StatusRequestEntityTooLarge, stageSize, "the body is larger than 8 MiB, which no API server sends")
}
