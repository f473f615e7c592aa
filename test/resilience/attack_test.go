package resilience

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
)

// announced is the length that sockets announce: the longest that the server reads.
const announced = 8 << 20

// attack is a number of sockets that begin a review and never finish it. Whenever the server ends one, another is
// opened.
type attack struct {
	stop    context.CancelFunc
	running sync.WaitGroup
	opened  atomic.Int64
}

// reviewPath is where the API server sends reviews.
const reviewPath = "/mutate/annotated?timeout=3s"

// announcement is the header of a request for a path, with another line if need be, and the length of a body.
func announcement(path, line string, length int) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: probe-injector\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n", path, line, length)
}

// attack begins to open sockets to the oldest server that send a text and wait.
func (r *release) attack(t *testing.T, sockets int, text string) *attack {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	a := &attack{stop: stop}
	address := r.running()[0].Address()
	for range sockets {
		a.running.Go(func() {
			for ctx.Err() == nil {
				a.opened.Add(1)
				hang(ctx, address, text)
			}
		})
	}
	t.Cleanup(func() { a.end(t) })
	return a
}

// hang sends the beginning of a request and waits until the server ends the connection, or the context does.
func hang(ctx context.Context, address, text string) {
	// Whoever attacks does not care whom he talks to.
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	if _, err := io.WriteString(connection, text); err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, connection)
}

// end closes all sockets and returns how many were opened.
func (a *attack) end(t *testing.T) int {
	t.Helper()
	a.stop()
	a.running.Wait()
	return int(a.opened.Load())
}
