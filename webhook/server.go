package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/probe-injector/probe-injector/webhook/listen"
)

// DefaultMaxConnections is above what the API servers of a cluster open at the same time: they answer 600 requests at
// once each (--max-requests-inflight and --max-mutating-requests-inflight), of which few create Pods. A connection costs
// 50 KiB.
const DefaultMaxConnections = 1024

// endTimeout bounds the end of a server whose clients do not read. The drain came before it; what has arrived waits for
// queueTimeout at most, and is decided in milliseconds.
const endTimeout = 2 * time.Second

// ServerOptions say where reviews are served. All are required.
type ServerOptions struct {
	// Address is "host:port"; an empty host means all.
	Address string
	// TLS sets up the TLS of the listener.
	TLS func(*tls.Config)
	// MaxConnections is how many connections may be open at once.
	MaxConnections int
	// Metrics get those of the listener.
	Metrics *listen.Metrics
}

// Server is controller-runtime's webhook server with our own under it: the mux and its metrics are as they always are, and
// what comes before a request has reached them is bounded, which controller-runtime's own server cannot be told to do (its
// headers may have 1 MiB and take 32 seconds, its answers any time, and there may be any number of connections).
type Server struct {
	ctrlwebhook.Server
	options listen.Options
	started atomic.Bool
}

var _ ctrlwebhook.Server = (*Server)(nil)

// NewServer returns a server with the handler at its paths, ready to Start without a manager: reviews are decided from
// what they contain, so that no access to the Kubernetes API is needed.
func NewServer(h *Handler, o ServerOptions) (*Server, error) {
	_, port, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, fmt.Errorf("listen address: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 1 || number > 65535 {
		return nil, fmt.Errorf("listen address %q: the port must be a number from 1 to 65535", o.Address)
	}
	if o.MaxConnections < 1 {
		return nil, errors.New("the number of connections must be positive")
	}
	s := &Server{Server: ctrlwebhook.NewServer(ctrlwebhook.Options{})}
	s.Register(PathPrefix, h)
	// Everything else is answered by the handler too, so that a wrong path in a webhook configuration gets a sentence
	// that the API server can show.
	s.Register("/", h)
	config := &tls.Config{MinVersion: tls.VersionTLS13}
	o.TLS(config)
	s.options = listen.Options{
		Name: "reviews", Address: o.Address, TLS: config, Handler: s.WebhookMux(), MaxConnections: o.MaxConnections, Metrics: o.Metrics,
	}
	return s, nil
}

// Start serves until ctx ends, and then answers what has arrived.
func (s *Server) Start(ctx context.Context) error {
	server, err := listen.Open(ctx, s.options)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	s.started.Store(true)
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		server.End(endTimeout)
	})
	err = server.Serve()
	if !stop() {
		<-ended
	}
	return err
}

// StartedChecker returns a check that is healthy after the server has been started.
func (s *Server) StartedChecker() healthz.Checker {
	return func(*http.Request) error {
		if !s.started.Load() {
			return errors.New("the webhook server has not been started yet")
		}
		return nil
	}
}
