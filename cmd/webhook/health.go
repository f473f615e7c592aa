package main

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/probe-injector/probe-injector/certs"
	"github.com/probe-injector/probe-injector/cmd/internal/version"
)

// readiness reports whether API servers should call us: our listener answers with a certificate they could accept, and
// we are not about to end.
type readiness struct {
	// before is asked before the handshake, which could only fail while there is nothing to serve.
	before func() error
	// policy says what is wrong with the policy file. It does not keep us from being ready: without us Pods get nothing
	// at all, or are refused under failurePolicy Fail.
	policy   func() error
	check    *certs.Check
	log      *readyLog
	draining atomic.Bool
}

func (r *readiness) drain() { r.draining.Store(true) }

func (r *readiness) err() error {
	if r.draining.Load() {
		// The log says it already.
		return errors.New("draining")
	}
	err := r.before()
	if err == nil {
		err = r.check.Ready()
	}
	r.log.saw(err)
	return err
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
		if err := r.policy(); err != nil {
			fmt.Fprintln(w, "ok, but the policy file is wrong and not in force:", err)
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
