package listen

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// guard is a listener with room for a number of connections.
type guard struct {
	net.Listener
	room *room
	// tls is nil for plain HTTP.
	tls *tls.Config

	closing sync.Once
	done    chan struct{}
}

// Accept returns the next connection that there is room for.
func (g *guard) Accept() (net.Conn, error) {
	raw, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	bound(raw)
	c := &connection{room: g.room, source: sourceOf(raw.RemoteAddr()), place: -1}
	c.at.restart()
	c.wire = wire{Conn: raw, at: &c.at}
	c.Conn = &c.wire
	if g.tls != nil {
		c.tls = tls.Server(&c.wire, g.tls)
		c.Conn = c.tls
	}
	for !g.room.enter(c) {
		select {
		case <-g.done:
			_ = raw.Close()
			return nil, net.ErrClosed
		case <-g.room.left:
		case <-time.After(retry):
		}
	}
	return c, nil
}

// socketBytes is what the kernel may keep for a connection in each direction, twice that on Linux (tcp(7)): by itself it
// lets a client that does not read hold megabytes of answers, and one that is not read from megabytes of requests, which
// count as memory of the container.
const socketBytes = 64 << 10

// bound bounds what the kernel keeps. A connection that has ended already says so when it is read.
func bound(raw net.Conn) {
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(socketBytes)
		_ = tcp.SetWriteBuffer(socketBytes)
	}
}

// Close ends Accept too where it waits for room.
func (g *guard) Close() error {
	g.closing.Do(func() { close(g.done) })
	return g.Listener.Close()
}
