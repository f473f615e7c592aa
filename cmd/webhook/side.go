package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/probe-injector/probe-injector/webhook/listen"
)

// sideConnections is how many connections health and metrics may have each: the kubelet and Prometheus have one.
const sideConnections = 64

// sideTimeout bounds how long health and metrics wait for their last requests.
const sideTimeout = 500 * time.Millisecond

// sideServer is one of the two servers beside the webhook's. Both speak plain HTTP and hold nothing secret.
type sideServer struct {
	server *listen.Server
	done   chan struct{}
}

// serve begins to serve. The listener's name is that of its flag, for the error that names an address which cannot be
// had.
func (p *process) serve(name, address string, h http.Handler) (*sideServer, error) {
	server, err := listen.Open(context.Background(), listen.Options{
		Name: name, Address: address, Handler: h, MaxConnections: sideConnections, Metrics: p.listen,
	})
	if err != nil {
		return nil, fmt.Errorf("--%s-address: %w", name, err)
	}
	s := &sideServer{server: server, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		// It returns when stop was called, and before that only if the listener was closed under it.
		_ = s.server.Serve()
	}()
	return s, nil
}

// stop ends the server after its last requests.
func (s *sideServer) stop() {
	s.server.End(sideTimeout)
	<-s.done
}
