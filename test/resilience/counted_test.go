package resilience

import (
	"fmt"
	"testing"

	"github.com/probe-injector/probe-injector/test/server"
)

// counted is what a server counts.
func counted(t *testing.T, s *server.Server, name string, labels map[string]string) float64 {
	t.Helper()
	scrape, err := s.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return scrape.Sum(name, labels)
}

// counted is what all servers of a release count together.
func (r *release) counted(t *testing.T, name string, labels map[string]string) float64 {
	t.Helper()
	sum := 0.0
	for _, s := range r.running() {
		sum += counted(t, s, name, labels)
	}
	return sum
}

// eventuallyCounts waits until the servers of a release have counted something.
func (r *release) eventuallyCounts(t *testing.T, name string, labels map[string]string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s%v is counted", name, labels), func() error { return above(0, r.counted(t, name, labels)) })
}

// above is nil if a count is larger than it was.
func above(before, now float64) error {
	if now > before {
		return nil
	}
	return fmt.Errorf("it is still %v", now)
}

// resident is how much memory a server occupies, in MiB.
func resident(t *testing.T, s *server.Server) float64 {
	t.Helper()
	return counted(t, s, "process_resident_memory_bytes", nil) / (1 << 20)
}
