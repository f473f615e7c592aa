package resilience

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/server"
)

// mostOccupied is the most memory that the oldest server occupies until a moment, in MiB, as the kernel says: its own
// metrics cannot be asked for while their port is flooded.
func (r *release) mostOccupied(t *testing.T, until time.Time) float64 {
	t.Helper()
	most := 0.0
	for time.Now().Before(until) {
		most = max(most, occupied(t, r.running()[0]))
		sleepUntil(t, time.Now().Add(50*time.Millisecond))
	}
	return most
}

func occupied(t *testing.T, s *server.Server) float64 {
	t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(s.Process().PID()) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return float64(kib) / 1024
}
