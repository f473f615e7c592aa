package resilience

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/server"
)

// occupiedMeanwhile begins to look at how much memory the oldest server occupies, as the kernel says: its own metrics
// cannot be asked for while their port is flooded. The returned function ends that and returns the most, in MiB.
func (r *release) occupiedMeanwhile(t *testing.T) func() float64 {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	most := make(chan float64)
	go func() {
		top := 0.0
		for ctx.Err() == nil {
			top = max(top, occupied(t, r.running()[0]))
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
		most <- top
	}()
	return func() float64 {
		stop()
		return <-most
	}
}

func occupied(t *testing.T, s *server.Server) float64 {
	t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(s.Process().PID()) + "/status")
	if err != nil {
		t.Error(err)
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Error(err)
	}
	return float64(kib) / 1024
}
