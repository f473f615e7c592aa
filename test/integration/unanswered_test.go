package integration

import (
	"net"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// unanswered registers a webhook that accepts connections and never says a word, and shows who notices.
func (c *cluster) unanswered(t *testing.T) {
	authority, err := certificate.NewAuthority("nobody")
	if err != nil {
		t.Fatal(err)
	}
	c.use(t, configurationAt(t, "{webhook: {timeoutSeconds: 1}}", silent(t), authority.PEM()))
	before := c.failedOpen(t)

	t.Run("a Pod that asks waits for the timeout and is created all the same", func(t *testing.T) {
		if took := timedCreate(t, c.ControlPlane, asking("probe-injector.dev/inject", "true")); took < 900*time.Millisecond {
			t.Errorf("it took %v, with a timeout of one second", took)
		}
	})

	t.Run("a Pod that no entry selects does not wait", func(t *testing.T) {
		// Whoever waits does so for a second each time; whoever does not is quick at least once on a busy machine too.
		quickest := time.Hour
		for range 20 {
			quickest = min(quickest, timedCreate(t, c.ControlPlane, asking("example.com/inject", "true")))
		}
		if quickest > 500*time.Millisecond {
			t.Errorf("it took %v at least", quickest)
		}
	})

	t.Run("the API server counts the failure and blames no condition", func(t *testing.T) {
		if after := c.failedOpen(t); after != before+1 {
			t.Errorf("%v webhooks failed open, not 1", after-before)
		}
		scrape, err := c.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := scrape.Sum("apiserver_admission_match_condition_evaluation_errors_total", nil); got != 0 {
			t.Errorf("%v match conditions could not be evaluated", got)
		}
	})
}

// timedCreate creates a Pod on dry run and returns how long that took.
func timedCreate(t *testing.T, plane *controlplane.ControlPlane, pod pod) time.Duration {
	t.Helper()
	body, err := pod.body("pod")
	if err != nil {
		t.Fatal(err)
	}
	return timed(t, plane, plain, body)
}

// silent returns an address that accepts connections as long as the test lives, and never answers.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String()
}
