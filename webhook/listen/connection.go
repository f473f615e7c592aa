package listen

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"math"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// maxHeaderLines is ten times what an API server or a browser sends.
const maxHeaderLines = 100

var errHeaderLines = errors.New("too many lines in the header")

// connection is one client. Only the goroutine that serves it reads, as net/http sees to it.
type connection struct {
	// Conn is what is read and written: the wire, or TLS over it.
	net.Conn
	wire    wire
	tls     *tls.Conn
	room    *room
	source  netip.Addr
	at      progress
	closing sync.Once
	// answer is the answer that is being written; answered reports that there was one before.
	answer   answer
	answered atomic.Bool

	// These belong to the room. place is the index in it, -1 outside; regular reports that the client has been answered
	// and may stay, see package.
	place   int
	regular bool

	shaken, spoken bool
	// late reports that the client took too long, and was counted.
	late bool
	// waited is how long we have waited for the first byte of the first request that comes over TLS, until it has begun.
	waited time.Duration
	// header is the header that is being read, and body how much of a body is still to come.
	header header
	body   int64
	// rest is what was read behind the end of a header.
	rest   []byte
	buffer []byte
}

// begin is called when a header has been understood, with the length of its body, -1 if it is not announced.
func (c *connection) begin(length int64) {
	c.waited = 0
	if length == 0 {
		// Nothing is written to c.body: net/http may be reading already, to notice when the client goes away.
		c.at.to(stageReview)
		return
	}
	if length < 0 {
		length = math.MaxInt64
	}
	c.body = length
	c.at.to(stageBody)
}

// Read returns no more than the rest of one header, or of one body.
func (c *connection) Read(p []byte) (int, error) {
	if err := c.handshake(); err != nil {
		return 0, err
	}
	if c.body > 0 {
		// Also behind an answer: one that came before the body, for which net/http goes on reading, or "100 Continue".
		c.at.to(stageBody)
		n, err := c.read(p[:min(int64(len(p)), c.body)])
		if c.body -= int64(n); c.body == 0 {
			c.at.to(stageReview)
		}
		return n, c.readError(err)
	}
	n, err := c.readHeader(p)
	if n > 0 && c.at.now() != stageReview && c.at.now() != stageAnswer {
		c.at.to(stageHeader)
	}
	length, ended := c.header.add(p[:n])
	if ended && length < n {
		c.keep(p[length:n])
		n = length
	}
	if c.header.lines > maxHeaderLines {
		c.room.closed(reasonHeader)
		return 0, errHeaderLines
	}
	return n, c.readError(err)
}

// readHeader reads what belongs to a header. The first one over TLS may be as long in coming as every later one. net/http,
// which makes no difference between a handshake and a header, would close the connection while the API server sends its
// review, and the API server does not send a review again that it has begun to send.
func (c *connection) readHeader(p []byte) (int, error) {
	if c.spoken || c.tls == nil {
		return c.read(p)
	}
	c.spoken = true
	c.at.to(stageSpare)
	begin := time.Now()
	if err := c.Conn.SetReadDeadline(begin.Add(idleTimeout)); err != nil {
		return 0, err
	}
	n, err := c.read(p)
	if err != nil {
		return n, err
	}
	c.waited = time.Since(begin)
	return n, c.Conn.SetReadDeadline(time.Now().Add(headerTimeout))
}

// SetReadDeadline is called by net/http with times that it counts from the moment when it began to read, and by handlers.
func (c *connection) SetReadDeadline(t time.Time) error {
	if !t.IsZero() {
		t = t.Add(c.waited)
	}
	return c.Conn.SetReadDeadline(t)
}

// read reads what was kept, or from the network.
func (c *connection) read(p []byte) (int, error) {
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// keep keeps what was read too early. It is at most what net/http reads of a header at once, 4 KiB.
func (c *connection) keep(p []byte) {
	// What was kept before has a place of its own only if it was not read to its end.
	c.buffer = append(append(c.buffer[:0:0], p...), c.rest...)
	c.rest = c.buffer
}

// readError counts a client that took too long.
func (c *connection) readError(err error) error {
	if c.late || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	var why reason
	switch c.at.now() {
	case stageSilent, stageHandshake, stageHeader:
		why = reasonHeaderTimeout
	case stageBody:
		why = reasonBodyTimeout
	default:
		// An idle connection, or net/http interrupts its own reading.
		return err
	}
	// net/http reads again, up to three times.
	c.late = true
	c.room.closed(why)
	return err
}

// Write writes an answer.
func (c *connection) Write(p []byte) (int, error) {
	c.at.to(stageAnswer)
	n, err := c.Conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.room.closed(reasonAnswerTimeout)
		// An orderly end of TLS would wait for the same client for another five seconds.
		c.evict()
	}
	return n, err
}

// handshake makes the TLS handshake, once, within the deadline for headers that net/http has set.
func (c *connection) handshake() error {
	if c.shaken || c.tls == nil {
		return nil
	}
	c.shaken = true
	err := c.tls.Handshake() //nolint:noctx // net/http has set a deadline
	if err == nil {
		return nil
	}
	why := err.Error()
	if wrong, ok := errors.AsType[tls.RecordHeaderError](err); ok && wrong.Conn != nil && looksLikeHTTP(wrong.RecordHeader) {
		_, _ = io.WriteString(wrong.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
		why = "client sent an HTTP request to an HTTPS server"
	}
	// Whoever had to leave, or only looked whether somebody listens, is no news.
	if c.at.now() != stageClosed && !errors.Is(err, io.EOF) {
		c.room.closed(handshakeReason(err))
		log.Printf("http: TLS handshake error from %s: %s", c.RemoteAddr(), why)
	}
	// net/http says nothing to a client that has gone.
	return io.EOF
}

// handshakeReason tells a client that rejected our certificate, as an API server with an outdated caBundle does, from
// all others.
func handshakeReason(err error) reason {
	if wrong, ok := errors.AsType[*net.OpError](err); ok && wrong.Op == "remote error" {
		return reasonCertificateRejected
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return reasonHeaderTimeout
	}
	return reasonHandshake
}

// looksLikeHTTP reports whether a client speaks HTTP where TLS begins.
func looksLikeHTTP(begin [5]byte) bool {
	switch string(begin[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	default:
		return false
	}
}

// CloseWrite lets net/http end an answer before it closes the connection, so that the client can read it.
func (c *connection) CloseWrite() error {
	defer c.at.to(stageFarewell)
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close is called by net/http, once it is done.
func (c *connection) Close() error {
	c.at.to(stageClosed)
	c.room.leave(c)
	var err error
	c.closing.Do(func() { err = c.Conn.Close() })
	return err
}

// evict closes a connection that has to leave. What it has not read of answers is dropped.
func (c *connection) evict() {
	c.closing.Do(func() {
		if tcp, ok := c.wire.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.wire.Close()
	})
}

// header counts the lines of a header.
type header struct {
	lines int
	// length is that of the line so far, and last its last byte.
	length int
	last   byte
}

// add counts text and returns how much of it belongs to the header, and whether it ends there.
func (h *header) add(text []byte) (length int, ended bool) {
	for at := 0; at < len(text); {
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			h.length += len(text) - at
			h.last = text[len(text)-1]
			return len(text), false
		}
		if end > 0 {
			h.length, h.last = h.length+end, text[at+end-1]
		}
		blank := h.length == 0 || (h.length == 1 && h.last == '\r')
		at += end + 1
		if blank {
			*h = header{}
			return at, true
		}
		h.lines, h.length = h.lines+1, 0
	}
	return len(text), false
}
