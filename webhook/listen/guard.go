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

// Close ends Accept too where it waits for room.
func (g *guard) Close() error {
	g.closing.Do(func() { close(g.done) })
	return g.Listener.Close()
}
