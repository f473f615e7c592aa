package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// The limits of one connection, none of which is worth a flag.
const (
	// maxHeaderBytes are 16 KiB together with the 4 KiB that net/http adds. An API server sends 300 bytes.
	maxHeaderBytes = 12 << 10
	// headerTimeout bounds the handshake, and a header from its first byte; the API server gives up the whole call after
	// timeoutSeconds, 3.
	headerTimeout = 5 * time.Second
	// answerTimeout bounds a request from its header to the last byte of its answer.
	answerTimeout = 10 * time.Second
	// idleTimeout bounds the time between two requests, and over TLS the time before the first. It is longer than the 90 s
	// after which the API server closes a connection, so that it never sends a review on one that is just being closed
	// (k8s.io/apimachinery/pkg/util/net, http.Transport.IdleConnTimeout).
	idleTimeout = 2 * time.Minute
)

// Options say what is served, and where.
type Options struct {
	// Name is the listener in metrics.
	Name string
	// Address is "host:port"; an empty host means all.
	Address string
	// TLS is nil for plain HTTP.
	TLS     *tls.Config
	Handler http.Handler
	// MaxConnections is how many connections may be open.
	MaxConnections int
	Metrics        *Metrics
}

// Server serves one address.
type Server struct {
	http     *http.Server
	listener *guard
}

// Open begins to listen, so that an address that cannot be had is an error at once.
func Open(ctx context.Context, o Options) (*Server, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.Address)
	if err != nil {
		return nil, err
	}
	g := &guard{Listener: listener, room: o.Metrics.add(o.Name, o.MaxConnections), done: make(chan struct{})}
	if o.TLS != nil {
		g.tls = o.TLS.Clone()
		g.tls.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if c, ok := hello.Conn.(*wire); ok {
				c.at.to(stageHandshake)
			}
			return nil, nil //nolint:nilnil // the configuration as it is
		}
	}
	var protocols http.Protocols
	// The API server calls webhooks over HTTP/1.1, see certs.ServerTLS.
	protocols.SetHTTP1(true)
	return &Server{listener: g, http: &http.Server{
		Handler:           staged(o.Handler),
		Protocols:         &protocols,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       answerTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		ConnContext:       remember,
		ConnState:         idle,
	}}, nil
}

// Address is where the server listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Serve serves until End, and returns nil then.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving on %s: %w", s.Address(), err)
	}
	return nil
}

// End answers the requests that have arrived, and returns after the timeout at the latest.
func (s *Server) End(timeout time.Duration) {
	s.listener.room.closeWhere(stage.hasNoRequest)
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		// First without TLS's own end, for which each client that does not read has five seconds, one after the other.
		s.listener.room.closeWhere(func(stage) bool { return true })
		_ = s.http.Close()
	}
}

type connectionKey struct{}

// remember lets the handler of a request find its connection.
func remember(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, c)
}

// idle notes when an answer has been sent.
func idle(c net.Conn, state http.ConnState) {
	if state != http.StateIdle {
		return
	}
	if c, ok := c.(*connection); ok {
		c.answered.Store(true)
		c.at.to(stageIdle)
	}
}

// staged notes how far a request has come.
func staged(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := connectionOf(r.Context())
		if c == nil {
			h.ServeHTTP(w, r)
			return
		}
		length := r.ContentLength
		if r.Body == http.NoBody {
			// Also for the preface of HTTP/2, which announces no length.
			length = 0
		}
		if length < 0 {
			// Where such a body ends only net/http knows, so that nothing may come behind it.
			w.Header().Set("Connection", "close")
		}
		c.begin(length)
		c.answer = answer{ResponseWriter: w, c: c}
		h.ServeHTTP(&c.answer, r)
		if !c.answer.begun {
			c.answer.WriteHeader(http.StatusOK)
		}
	})
}

// connectionOf is the connection of a request, or nil.
func connectionOf(ctx context.Context) *connection {
	c, _ := ctx.Value(connectionKey{}).(*connection)
	return c
}

// Progress is how a request gets on.
type Progress struct {
	// Waits reports that we wait for the client to send or to read. Where we do not, it is we who are slow.
	Waits bool
	// Regular reports that its client was answered before.
	Regular bool
}

// ProgressOf looks at a request, by its context. One that did not come from a Server waits.
func ProgressOf(ctx context.Context) Progress {
	c := connectionOf(ctx)
	if c == nil {
		return Progress{Waits: true}
	}
	return Progress{Waits: c.wire.waits(c.at.now()), Regular: c.answered.Load()}
}
