package resilience

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// TestAFreshInstallationWorksWithinSeconds installs the chart with its default values, so that the servers make their
// certificates, and measures the time from its first object until the servers are ready and a Pod gets its probes.
func TestAFreshInstallationWorksWithinSeconds(t *testing.T) {
	t.Parallel()
	const most = 5 * time.Second
	installations := either(t, 5, 20)
	c := newCluster(t, controlplane.Options{})
	var took []time.Duration
	for n := range installations {
		t.Run(strconv.Itoa(n+1), func(t *testing.T) {
			r := c.prepare(t, plan{selfManaged: true, replicas: 2, namespace: fmt.Sprintf("fresh-%d", n)})
			begin := time.Now()
			r.apply(t)
			r.startAll(t)
			r.works(t)
			took = append(took, time.Since(begin).Round(time.Millisecond))
		})
	}
	p95 := percentile(took, 95)
	figure(t, "fresh installation to trusted and ready, %d times: p50 %v, p95 %v", installations, percentile(took, 50), p95)
	if p95 > most {
		t.Errorf("p95 is %v: %v", p95, took)
	}
}
