package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probe-injector/probe-injector/cmd/internal/version"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// policySource holds the policy that is in force. Reviews read it while it is replaced; reload is called by one
// goroutine at a time.
type policySource struct {
	file string
	// entries are what was read last: the file, and what else its ConfigMap holds.
	entries map[string]string
	failed  atomic.Pointer[error]
	pointer atomic.Pointer[policy.Policy]

	succeeded   prometheus.Counter
	refused     prometheus.Counter
	lastSuccess prometheus.Gauge
	// inForce is 1 if the file as it is now is in force.
	inForce prometheus.Gauge
}

// newPolicySource reads the policy for the first time, with an empty file name the built-in defaults. A file that is wrong
// does not end the process, because then the next restart of every replica would end the service: what is kept of it is
// in force, see salvage, and mistake says what is wrong.
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
		inForce: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probe_injector_policy_last_reload_successful",
			Help: "1 if the policy file as it is now is in force, 0 if it is wrong and another one is.",
		}),
	}
	if err := errors.Join(r.Register(reloads), r.Register(s.lastSuccess), r.Register(s.inForce)); err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	if file == "" {
		s.install(policy.Default(version.String()))
		return s, nil
	}
	if _, err := s.reload(); err != nil {
		s.pointer.Store(salvage(s.entries, filepath.Base(file)))
	}
	return s, nil
}

// mistake is what is wrong with the policy file as it is now, or nil.
func (s *policySource) mistake() error {
	if failed := s.failed.Load(); failed != nil {
		return *failed
	}
	return nil
}

// current is the policy that is in force.
func (s *policySource) current() *policy.Policy { return s.pointer.Load() }

// reload reads the file and puts it in force if it changed. With an error the policy stays as it was; a file that was
// refused once is refused again only when it has changed, so that it is one mistake in the log and not one every poll.
func (s *policySource) reload() (changed bool, err error) {
	if s.file == "" {
		return false, nil
	}
	entries, err := readEntries(s.file)
	if err != nil {
		// When it is there again, it is read again.
		s.entries = nil
		return false, s.refuse(fmt.Errorf("policy: %w", err))
	}
	if s.entries != nil && maps.Equal(entries, s.entries) {
		return false, nil
	}
	p, err := compile(entries, filepath.Base(s.file))
	s.entries = entries
	if err != nil {
		return false, s.refuse(fmt.Errorf("policy file %s: %w", s.file, err))
	}
	s.install(p)
	return true, nil
}

// compile makes the policy of one of the entries, the only one that may hold one.
func compile(entries map[string]string, name string) (*policy.Policy, error) {
	if err := v1alpha1.CheckEntries(entries); err != nil {
		return nil, err
	}
	return policy.Parse([]byte(entries[name]), version.String())
}

// mountMark is in each folder in which the kubelet keeps a ConfigMap
// (k8s.io/kubernetes/pkg/volume/util/atomic_writer.go).
const mountMark = "..data"

// readEntries reads the file and, where it is in a mounted ConfigMap, the other entries too. Elsewhere the files beside
// it are not its concern.
func readEntries(file string) (map[string]string, error) {
	folder, name := filepath.Split(file)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	entries := map[string]string{name: string(text)}
	if _, err := os.Lstat(filepath.Join(folder, mountMark)); errors.Is(err, fs.ErrNotExist) {
		return entries, nil
	} else if err != nil {
		return nil, err
	}
	beside, err := os.ReadDir(filepath.Clean(folder))
	if err != nil {
		return nil, err
	}
	for _, entry := range beside {
		if entry.Name() == name || strings.HasPrefix(entry.Name(), "..") || entry.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		entries[entry.Name()] = string(text)
	}
	return entries, nil
}

func (s *policySource) install(p *policy.Policy) {
	s.failed.Store(nil)
	s.pointer.Store(p)
	s.inForce.Set(1)
	s.succeeded.Inc()
	s.lastSuccess.SetToCurrentTime()
}

// refuse counts a mistake, and returns nil if it was returned before.
func (s *policySource) refuse(err error) error {
	if before := s.mistake(); before != nil && before.Error() == err.Error() {
		return nil
	}
	s.failed.Store(&err)
	s.inForce.Set(0)
	s.refused.Inc()
	return err
}
