package listen

import (
	"net"
	"sync/atomic"
)

// wire is a connection as the network has it, under TLS if there is any. It knows whether we are waiting for the client.
type wire struct {
	net.Conn
	at               *progress
	reading, writing atomic.Bool
}

// Read waits for the client.
func (w *wire) Read(p []byte) (int, error) {
	w.reading.Store(true)
	defer w.reading.Store(false)
	return w.Conn.Read(p)
}

// Write waits for the client where it does not read.
func (w *wire) Write(p []byte) (int, error) {
	w.writing.Store(true)
	defer w.writing.Store(false)
	return w.Conn.Write(p)
}

// CloseWrite lets net/http end an answer before it closes the connection, so that the client can read it.
func (w *wire) CloseWrite() error {
	if half, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// waits reports whether we wait for the client, and not it for us: on a busy machine what it has sent may lie in the
// socket or in our own buffers for a while.
func (w *wire) waits(at stage) bool {
	if w.writing.Load() || at == stageFarewell {
		return true
	}
	// While an answer is written, net/http may be reading too, to notice when the client goes away.
	return at != stageAnswer && w.reading.Load() && !unread(w.Conn)
}
