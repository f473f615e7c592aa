package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probe-injector/probe-injector/policy"
)

// policySource holds the policy that is in force. Reviews read it while it is replaced; reload is called by one
// goroutine at a time.
type policySource struct {
	file    string
	data    []byte
	failed  error
	pointer atomic.Pointer[policy.Policy]

	succeeded   prometheus.Counter
	refused     prometheus.Counter
	lastSuccess prometheus.Gauge
}

// newPolicySource reads the policy for the first time, with an empty file name the built-in defaults. An error names
// all mistakes in the file.
func newPolicySource(file string, r prometheus.Registerer) (*policySource, error) {
	reloads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "probe_injector_policy_reloads_total",
		Help: "Policy files that were read at the start or because they changed, by result (success: it is in force; error: the one before it stays).",
	}, []string{"result"})
	s := &policySource{
		file:      file,
		succeeded: reloads.WithLabelValues("success"),
		refused:   reloads.WithLabelValues("error"),
		lastSuccess: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_policy_last_reload_success_timestamp_seconds",
			Help: "When the policy that is in force was read, in seconds since 1970.",
		}),
	}
	if err := errors.Join(r.Register(reloads), r.Register(s.lastSuccess)); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	if file == "" {
		s.install(policy.Default(buildVersion()))
		return s, nil
	}
	if _, err := s.reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// current is the policy that is in force.
func (s *policySource) current() *policy.Policy { return s.pointer.Load() }

// reload reads the file and puts it in force if it changed. With an error the policy stays as it was; a file that was
// refused once is refused again only when it has changed, so that it is one mistake in the log and not one every poll.
func (s *policySource) reload() (changed bool, err error) {
	if s.file == "" {
		return false, nil
	}
	data, err := os.ReadFile(s.file)
	if err != nil {
		return false, s.refuse(nil, fmt.Errorf("policy: %w", err))
	}
	if s.data != nil && bytes.Equal(data, s.data) {
		return false, nil
	}
	p, err := policy.Parse(data, buildVersion())
	if err != nil {
		return false, s.refuse(data, fmt.Errorf("policy file %s: %w", s.file, err))
	}
	s.data, s.failed = data, nil
	s.install(p)
	return true, nil
}

func (s *policySource) install(p *policy.Policy) {
	s.pointer.Store(p)
	s.succeeded.Inc()
	s.lastSuccess.SetToCurrentTime()
}

// refuse remembers the content that was refused, and returns nil if the same mistake was returned before.
func (s *policySource) refuse(data []byte, err error) error {
	if data != nil {
		s.data = data
	}
	if s.failed != nil && s.failed.Error() == err.Error() {
		return nil
	}
	s.failed = err
	s.refused.Inc()
	return err
}
