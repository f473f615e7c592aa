package resilience

import (
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// TestARollingRestartLosesNothing restarts all servers of a release again and again while Pods are created, as the
// chart's Deployment does: a new server is ready before an old one gets SIGTERM, and endpoints follow late.
func TestARollingRestartLosesNothing(t *testing.T) {
	t.Parallel()
	restarts, creates := either(t, 3, 5), either(t, 600, 10_000)
	c := newCluster(t, controlplane.Options{})
	// The chart's own drain takes 15 seconds, which only the full form has.
	r := c.install(t, plan{timeoutSeconds: patience, replicas: 2, drain: either(t, 5*time.Second, 0)})

	load := c.load(t, asking())
	done := 0
	for ; done < restarts || load.created() < creates; done++ {
		r.restart(t)
	}
	// The last servers drain while Pods are created.
	r.settle(t)
	outcome := load.end()

	figure(t, "rolling restart: %d restarts of %d servers, endpoints %v late: %v", done, r.plan.replicas, withdrawal, outcome)
	outcome.nothingLost(t, creates)
}

// restart replaces every server, one after the other, and returns when the endpoints have followed. The old servers are
// still draining then.
func (r *release) restart(t *testing.T) {
	t.Helper()
	for _, old := range r.staying() {
		fresh, err := r.start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.later(func() error { return r.publishLate(t.Context(), fresh) })
		r.retireLater(t, old)
	}
	sleepUntil(t, time.Now().Add(withdrawal))
}
