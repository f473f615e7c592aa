package integration

import (
	"net"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// TestWithoutAnAnswer registers a webhook that accepts connections and never says a word, and shows who notices.
func TestWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	plane := controlplane.ForTest(t, controlplane.Options{})
	if err := plane.CreateNamespace(t.Context(), "shop", nil); err != nil {
		t.Fatal(err)
	}
	// A configuration that answers, so that we know when the API server uses configurations of ours at all.
	register(t, plane, "", newRecorder(t))
	authority, err := certificate.NewAuthority("nobody")
	if err != nil {
		t.Fatal(err)
	}
	configuration := configurationAt(t, "{webhook: {timeoutSeconds: 1}}", silent(t), authority.PEM())
	if err := plane.ReplaceWebhooks(t.Context(), configuration); err != nil {
		t.Fatal(err)
	}

	t.Run("a Pod that asks waits for the timeout and is created all the same", func(t *testing.T) {
		deadline := time.Now().Add(30 * time.Second)
		for {
			took := timedCreate(t, plane, asking("probe-injector.dev/inject", "true"))
			if took > 900*time.Millisecond {
				if took > 1500*time.Millisecond {
					t.Errorf("it took %v, with a timeout of one second", took)
				}
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("the API server never called the silent webhook")
			}
		}
	})

	t.Run("a Pod that no entry selects does not wait", func(t *testing.T) {
		for range 20 {
			if took := timedCreate(t, plane, asking("example.com/inject", "true")); took > 500*time.Millisecond {
				t.Errorf("it took %v", took)
			}
		}
	})

	t.Run("the API server counts the failure and blames no condition", func(t *testing.T) {
		scrape, err := plane.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		name := map[string]string{"name": "annotated.probe-injector.dev"}
		if got := scrape.Sum("apiserver_admission_webhook_fail_open_count", name); got == 0 {
			t.Error("no webhook failed open")
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
	return timed(t, plane, "shop", body)
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
