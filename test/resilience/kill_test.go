package resilience

import (
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// TestAKilledServerCostsProbesForAMomentAndNoPod kills one of two servers with SIGKILL, again and again, while Pods are
// created. Half of the new connections go to nobody until the endpoint is withdrawn; failurePolicy Ignore lets those
// Pods through.
func TestAKilledServerCostsProbesForAMomentAndNoPod(t *testing.T) {
	t.Parallel()
	const grace = time.Second
	kills := either(t, 2, 10)
	c := newCluster(t, controlplane.Options{})
	r := c.install(t, plan{replicas: 2})

	load := c.load(t, asking())
	var killed []time.Time
	for range kills {
		// Connections are warm before.
		sleepUntil(t, time.Now().Add(time.Second))
		victim := r.running()[0]
		moment := time.Now()
		if err := victim.Kill(); err != nil {
			t.Fatal(err)
		}
		sleepUntil(t, moment.Add(withdrawal))
		if err := r.unpublish(t.Context(), victim.Address()); err != nil {
			t.Fatal(err)
		}
		if err := r.forget(victim); err != nil {
			t.Fatal(err)
		}
		// What is missed after the bound has to be seen as such.
		sleepUntil(t, moment.Add(withdrawal+2*grace))
		r.startAnother(t)
		killed = append(killed, moment)
	}
	outcome := load.end()

	last := lastMisses(t, killed, outcome.missed())
	figure(t, "SIGKILL of one of two: %d times, endpoints %v late: %v; the last miss after each kill: %v", kills, withdrawal, outcome, last)
	outcome.nothingRefused(t)
	outcome.isLoad(t, 0)
	for _, after := range last {
		if after > withdrawal+grace {
			t.Errorf("Pods were missed until %v after the kill, with an endpoint that was withdrawn after %v", after, withdrawal)
		}
	}
}

// lastMisses returns how long after each kill the last Pod was created that missed its probes.
func lastMisses(t *testing.T, killed []time.Time, missed []attempt) []time.Duration {
	t.Helper()
	last := make([]time.Duration, len(killed))
	for _, a := range missed {
		n := len(killed) - 1
		for n >= 0 && a.at.Add(a.took).Before(killed[n]) {
			n--
		}
		if n < 0 {
			t.Errorf("a Pod missed its probes before anything was killed")
			continue
		}
		last[n] = max(last[n], a.at.Sub(killed[n]).Round(time.Millisecond))
	}
	return last
}
