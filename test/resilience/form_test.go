package resilience

import (
	"os"
	"testing"
	"time"
)

// variable is the environment variable that asks for the full form.
const variable = "RESILIENCE"

// either returns what the form that was asked for needs.
func either[T any](t *testing.T, short, full T) T {
	t.Helper()
	switch value := os.Getenv(variable); value {
	case "":
		return short
	case "full":
		return full
	default:
		t.Fatalf("%s=%q: write full, or leave it empty for the short form", variable, value)
		panic("unreachable")
	}
}

// figure logs a measured figure, so that it can be found among other lines.
func figure(t *testing.T, format string, args ...any) {
	t.Helper()
	t.Logf("FIGURE "+format, args...)
}

// waitBudget is how long anything may take that has no bound of its own. It is long because the machine may be busy.
const waitBudget = 60 * time.Second

// eventually waits until something is so, and returns how long that took. The last reason why it was not is shown if it
// never is.
func eventually(t *testing.T, what string, check func() error) time.Duration {
	t.Helper()
	begin := time.Now()
	for {
		err := check()
		if err == nil {
			return time.Since(begin)
		}
		if time.Since(begin) > waitBudget {
			t.Fatalf("waited %v in vain until %s: %v", waitBudget, what, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// sleepUntil returns at a moment, or when the test ends.
func sleepUntil(t *testing.T, moment time.Time) {
	t.Helper()
	select {
	case <-time.After(time.Until(moment)):
	case <-t.Context().Done():
	}
}
