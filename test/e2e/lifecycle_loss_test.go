package e2e

import (
	"slices"
	"testing"
	"time"
)

// noticed is how long an API server may take to see that a Pod of ours is in rotation again, or out of it: a second for
// the EndpointSlice, and webhook.timeoutSeconds of the chart's defaults, 3, for a connection that nobody answers on.
const noticed = 4 * time.Second

// outage is what creations met while Pods of ours were in rotation that did not answer, or none was.
type outage struct {
	// over is when that ended, and last when the last Pod was created that got no probes or was refused, both since it
	// began.
	over, last               time.Duration
	created, missed, refused int
}

// outageOf reads what creations met. The outage began so long after them.
func outageOf(c *creations, began, over time.Duration) outage {
	o := outage{over: over, created: c.created, missed: len(c.missed), refused: len(c.refused)}
	for _, f := range slices.Concat(c.missed, c.refused) {
		o.last = max(o.last, f.after-began)
	}
	return o
}

// report logs it.
func (o outage) report(t *testing.T, what string) outage {
	t.Helper()
	t.Logf("%s: over after %.1f s; of %d Pods %d were created without probes and %d refused, the last after %.1f s",
		what, o.over.Seconds(), o.created, o.missed, o.refused, o.last.Seconds())
	return o
}

func (l *lifecycle) losesAllPodsUnderIgnore(t *testing.T) {
	// They go on answering while they drain. kube-proxy would still send requests to them, as there are no others; an API
	// server that chooses Pods by itself (--enable-aggregator-routing, as on our own cluster) does not.
	l.loses(t, "kubectl delete pods --all, Ignore").letsPass(t)
}

func (l *lifecycle) killsAllPodsUnderIgnore(t *testing.T) {
	o := l.loses(t, "kubectl delete pods --all --grace-period=0 --force, Ignore", "--grace-period=0", "--force")
	o.letsPass(t)
	if o.missed == 0 {
		t.Error("no Pod was without probes, so they were never gone")
	}
}

func (l *lifecycle) killsAllPodsUnderFail(t *testing.T) {
	o := l.loses(t, "kubectl delete pods --all --grace-period=0 --force, Fail", "--grace-period=0", "--force")
	if o.missed > 0 {
		t.Errorf("under Fail %d Pods were created without probes", o.missed)
	}
	if o.refused == 0 {
		t.Error("no Pod was refused, so they were never gone")
	}
	o.ends(t)
}

// letsPass expects that nothing was refused and that it ended.
func (o outage) letsPass(t *testing.T) {
	t.Helper()
	if o.refused > 0 {
		t.Errorf("under Ignore %d Pods were refused", o.refused)
	}
	o.ends(t)
}

// ends expects that nothing goes wrong after its end.
func (o outage) ends(t *testing.T) {
	t.Helper()
	if o.last > o.over+noticed {
		t.Errorf("a Pod got no probes or was refused after %s, though that was over after %s", o.last, o.over)
	}
}

// loses deletes all our Pods at once while Pods are created, and says what became of those. The ReplicaSet has to bring
// ours back without anybody's help.
func (l *lifecycle) loses(t *testing.T, what string, arguments ...string) outage {
	t.Helper()
	before := l.pods(t)
	began := time.Now()
	creations := l.createAllTheTime(t, l.shop)
	time.Sleep(500 * time.Millisecond)
	deleted := time.Now()
	l.kubectl(t, append([]string{"delete", "pods", "--all", "--wait=false", "--namespace", releaseNamespace}, arguments...)...)
	var old []string
	for _, pod := range before {
		old = append(old, pod.Name)
	}
	eventually(t, time.Minute, "a new Pod of ours is in rotation", func() error {
		ready, err := l.inRotation(t.Context(), releaseNamespace, releaseName)
		if err == nil && !slices.ContainsFunc(ready, func(name string) bool { return !slices.Contains(old, name) }) {
			err = errNotInjected
		}
		return err
	})
	back := time.Since(deleted)
	l.waitUntilGone(t, before)
	l.waitUntilComplete(t)
	// What goes wrong after the bound has to be seen as such.
	time.Sleep(time.Until(deleted.Add(back + noticed + time.Second)))
	creations.wait()
	return outageOf(creations, deleted.Sub(began), back).report(t, what)
}
