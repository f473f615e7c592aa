package webhook

import (
	"fmt"
	"io"
	"net/http"
	"sync"
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

// What decoding may cost, beside the body itself. The decoded view is small for a real Pod; but `[0,0,0,…` where
// containers belong makes one container of every two bytes. Nothing in the view comes into being without a comma
// before it, apart from the first of each kind, so that the commas of a pruned body bound the memory.
const (
	// bytesPerComma is the largest thing in the view that one comma can begin: a container (152 bytes) with a probe
	// (64) that has an HTTP handler (104).
	bytesPerComma = 320
	// maxCommas is more than a Pod can have that etcd stores (1.5 MiB), environment variables and volumes apart, and
	// one wrong review alone costs 40 MiB at most.
	maxCommas = 128 << 10
)

// buffer is memory for one body, kept in pool between reviews.
type buffer struct {
	data  []byte
	first [1]byte
}

// memory is what all bodies of a handler share: the limit of bytes in flight, and buffers to use again.
type memory struct {
	limit   *limit
	buffers sync.Pool
}

// body is one request's body while it is being read and decided, with what it holds of the limit.
type body struct {
	memory *memory
	left   *patience
	buffer *buffer
	held   int64
	// ambiguous says that a member of the pruned body may be there twice.
	ambiguous bool
}

// newBody returns an empty body, which holds nothing yet.
func (m *memory) newBody(left *patience) body {
	buf, ok := m.buffers.Get().(*buffer)
	if !ok {
		buf = &buffer{}
	}
	return body{memory: m, left: left, buffer: buf}
}

// bytes is what was read, after prune what is left of it. It is valid until release.
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

// prune leaves the part that decoding looks at, and accounts for what decoding will allocate.
func (b *body) prune(s *shape) (answer, bool) {
	rest, at, err := prune(b.buffer.data, s)
	if err != nil {
		return refuse(http.StatusBadRequest, stageDecode, fmt.Sprintf("the body is not JSON, from byte %d on", at)), false
	}
	b.buffer.data, b.ambiguous = rest.text, rest.ambiguous
	if rest.commas > maxCommas {
		return refuse(http.StatusRequestEntityTooLarge, stageSize, "the review has more members than any Pod that Kubernetes can store"), false
	}
	// Strings are copied out of the body.
	return b.hold(int64(len(rest.text)) + int64(rest.commas)*bytesPerComma)
}

// hold takes n bytes of the limit. A review that alone needs more than there is in all is too large rather than early.
func (b *body) hold(n int64) (answer, bool) {
	if b.held+n > b.memory.limit.size {
		return refuse(http.StatusRequestEntityTooLarge, stageSize, "the review needs more memory than all reviews together may use"), false
	}
	if !b.memory.limit.acquire(n, b.left) {
		return refuse(http.StatusServiceUnavailable, stageBudget, "overloaded, too many bytes in flight"), false
	}
	b.held += n
	return answer{}, true
}

func (b *body) drop(n int64) {
	b.memory.limit.release(n)
	b.held -= n
}

// release gives everything back. The bytes must not be used afterwards.
func (b *body) release() {
	if b.held > 0 {
		b.drop(b.held)
	}
	if cap(b.buffer.data) <= largestPooled {
		b.buffer.data = b.buffer.data[:0]
		b.memory.buffers.Put(b.buffer)
	}
}

func refuseRead() answer {
	return refuse(http.StatusBadRequest, stageRead, "the body could not be read to its end")
}

func refuseSize() answer {
	return refuse(http.StatusRequestEntityTooLarge, stageSize, "the body is larger than 8 MiB, which no API server sends")
}
