package preflight

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// TestOurFailures lets our server hang, and end: everything is admitted, at the latest when the API server gives up. What a
// busy machine adds is measured by the same command without us; it adds more to some commands than to others, so that one of
// three attempts has to keep to the bound.
func TestOurFailures(t *testing.T) {
	c := newCluster(t)
	c.install(t, `{preflight: {mode: Deny}}`)
	// The API server waits for two seconds; kubectl and the API server take some time themselves.
	const patienceOfAPIServer, rest = 2 * time.Second, 500 * time.Millisecond
	admitted := func(t *testing.T, name string, longest time.Duration) {
		t.Helper()
		const attempts = 3
		for n := range attempts {
			called := fmt.Sprintf("%s-%d", name, n)
			usual := c.run(t, c.kubectl, deployment("usual-"+called, "", "", "a:1"), "apply", "-n", shop, "-f", "-")
			got := c.run(t, c.kubectl, deployment(called, misplaced, wrongValue, "a:1"), "apply", "-n", shop, "-f", "-")
			if usual.code != 0 || got.code != 0 {
				t.Fatalf("refused: %s %s", usual.stderr, got.stderr)
			}
			t.Logf("admitted after %v, %v without us", got.took, usual.took)
			if got.took <= longest+usual.took+rest {
				return
			}
		}
		t.Errorf("it takes longer than %v each time", longest+rest)
	}
	t.Run("it hangs", func(t *testing.T) {
		if err := syscall.Kill(c.webhook.Process().PID(), syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		admitted(t, "hangs", patienceOfAPIServer)
		if err := syscall.Kill(c.webhook.Process().PID(), syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("it is gone", func(t *testing.T) {
		if err := c.webhook.Kill(); err != nil {
			t.Fatal(err)
		}
		admitted(t, "gone", 0)
	})
}
