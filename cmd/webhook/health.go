package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/probe-injector/probe-injector/certs"
	"github.com/probe-injector/probe-injector/cmd/internal/version"
)

// readiness reports whether API servers should call us: our listener answers with a certificate they could accept, and
// we are not about to end.
type readiness struct {
	// before is asked before the handshake, which could only fail while there is nothing to serve.
	before   func() error
	check    *certs.Check
	draining atomic.Bool
}

func (r *readiness) drain() { r.draining.Store(true) }

func (r *readiness) err() error {
	if r.draining.Load() {
		return errors.New("draining")
	}
	if err := r.before(); err != nil {
		return err
	}
	return r.check.Ready()
}

// healthHandler serves /healthz, which is about the process and must not depend on anything that a restart would not
// repair, and /readyz.
func healthHandler(r *readiness) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := r.err(); err != nil {
			http.Error(w, "not ready: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return mux
}

// newRegistry returns a registry with the metrics that are about the process as a whole.
func newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "probe_injector_build_info",
		Help: "Always 1; the labels say which build this is.",
	}, []string{"version", "go_version"})
	info.WithLabelValues(version.String(), runtime.Version()).Set(1)
	r.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// metricsHandler serves /metrics, with those that controller-runtime keeps about its webhook server.
func metricsHandler(r *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(prometheus.Gatherers{r, ctrlmetrics.Registry}, promhttp.HandlerOpts{
		// What one collector cannot say must not hide the rest.
		ErrorHandling: promhttp.ContinueOnError,
		// Scrapes are rare, so that several at once are a mistake or an attack.
		MaxRequestsInFlight: 3,
	}))
	return mux
}

// sideServer is one of the two servers beside the webhook's. Both speak plain HTTP and hold nothing secret.
type sideServer struct {
	server  *http.Server
	address string
	done    chan struct{}
}

// serve begins to serve. The flag's name is for the error that names an address which cannot be had.
func serve(flagName, address string, h http.Handler) (*sideServer, error) {
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flagName, err)
	}
	s := &sideServer{
		server: &http.Server{
			Handler:           h,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       5 * time.Second,
			WriteTimeout:      10 * time.Second,
			IdleTimeout:       30 * time.Second,
			MaxHeaderBytes:    16 << 10,
		},
		address: listener.Addr().String(),
		done:    make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		// It returns when stop was called, and before that only if the listener was closed under it.
		_ = s.server.Serve(listener)
	}()
	return s, nil
}

// stop ends the server after its last requests.
func (s *sideServer) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		_ = s.server.Close()
	}
	<-s.done
}
