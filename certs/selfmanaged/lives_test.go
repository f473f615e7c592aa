package selfmanaged

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

// TestNoReplicaEverServesWhatIsNotTrusted lets three replicas live through some hours of everything that can happen,
// in the time of a bubble, and looks all the time at what API servers would say that learn of configurations late.
func TestNoReplicaEverServesWhatIsNotTrusted(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { liveThrough(t, rand.New(rand.NewPCG(seed, 1)), seed%2 == 1) })
		})
	}
}

// seeds is how many lives are lived through, each of some hours; every other one begins with an aged authority.
const seeds = 2

// apiServerLag is how late API servers learn of a configuration, less than the hold.
const apiServerLag = 3 * time.Second

func liveThrough(t *testing.T, random *rand.Rand, isAged bool) {
	m := newMemory("annotated", "rules")
	m.logTo(t)
	if isAged {
		// Older than predecessors are kept, and not yet to be replaced.
		_, data := makeCA(t, time.Now().Add(-time.Hour), testLifetimes())
		m.change(func() { m.secret.Data = data })
	}
	m.mayCreate = true
	m.lag = func() time.Duration { return 10*time.Millisecond + rand.N(300*time.Millisecond) }
	replicas := []*replica{m.run(t, testLifetimes()), m.run(t, testLifetimes()), m.run(t, testLifetimes())}
	for _, r := range replicas {
		r.untilReady(t)
	}
	// added are authorities that somebody has added and that nobody has taken away again.
	added := map[*x509.Certificate]time.Time{}
	events := []struct {
		name string
		// quiet is how long calls may fail in any case, because the configuration itself was damaged.
		quiet time.Duration
		do    func()
	}{
		{"nothing", 0, func() {}},
		{"the Secret is emptied", 0, func() { m.secret.Data = nil }},
		{"the Secret is deleted", 0, func() { m.secret = nil }},
		{"the Secret is corrupted", 0, func() {
			if m.secret != nil && len(m.secret.Data) > 0 {
				m.secret.Data[privateKeyKey] = []byte("x")
			}
		}},
		{"an entry is emptied", apiServerLag + time.Second, func() {
			clear(added)
			m.configurations[hooks].Webhooks[random.IntN(2)].ClientConfig.CABundle = nil
		}},
		{"all entries are emptied", apiServerLag + time.Second, func() {
			clear(added)
			for i := range m.configurations[hooks].Webhooks {
				m.configurations[hooks].Webhooks[i].ClientConfig.CABundle = nil
			}
		}},
		{"another tool adds a bundle", 0, func() {
			w := &m.configurations[hooks].Webhooks[0]
			other := foreignAuthority(t, time.Now().Add(-time.Duration(random.Int64N(int64(20*time.Hour)))))
			added[other] = time.Now()
			w.ClientConfig.CABundle = append(bytes.Clone(w.ClientConfig.CABundle), encodeCertificates(of(other))...)
		}},
	}
	var history []state
	for range 25 {
		event := events[random.IntN(len(events))]
		m.logger.Info("EVENT: " + event.name)
		m.change(event.do)
		quiet, down := event.quiet, false
		switch random.IntN(6) {
		case 0:
			i := random.IntN(len(replicas))
			replicas[i].stop()
			replicas[i] = m.run(t, testLifetimes())
			event.name += ", and a replica is replaced"
		case 1:
			down = true
			m.change(func() { m.down = true })
			event.name += ", and the API server is down for a while"
		}
		begin, watched := time.Now(), quiet+time.Duration(random.Int64N(int64(40*time.Second)))
		for time.Since(begin) < watched {
			history = append(history, state{time.Now(), m.bundles()})
			for c, at := range added {
				if time.Since(at) < testLifetimes().KeepPredecessor && !contains(parseCertificates(m.bundles()[0]), c) {
					t.Fatalf("%s: an authority is gone %s after it was added", event.name, time.Since(at))
				}
			}
			// An emptied bundle cannot be filled while the API server is down.
			if time.Since(begin) > quiet && (quiet == 0 || !down) {
				checkAll(t, event.name, replicas, history)
			}
			time.Sleep(500 * time.Millisecond)
		}
		if down {
			m.change(func() { m.down = false })
			time.Sleep(event.quiet + 2*lastRetry)
			history = nil
		}
		if random.IntN(4) == 0 {
			time.Sleep(time.Duration(random.Int64N(int64(40 * time.Minute))))
			history = nil
		}
	}
	if t.Failed() {
		return
	}
	time.Sleep(time.Minute)
	for _, r := range replicas {
		if err := r.Ready(); err != nil {
			t.Errorf("after everything: %v", err)
		}
	}
}

// state is what was published at a time.
type state struct {
	at      time.Time
	bundles [][]byte
}

func checkAll(t *testing.T, event string, replicas []*replica, history []state) {
	t.Helper()
	now := history[len(history)-1]
	late := now
	for _, s := range history {
		if now.at.Sub(s.at) <= apiServerLag {
			late = s
			break
		}
	}
	if n := len(parseCertificates(now.bundles[0])); n > 1+maxOthers {
		t.Errorf("%s: %d authorities are published", event, n)
	}
	for i, r := range replicas {
		if err := verifies(r, now.bundles); err != nil {
			t.Fatalf("%s: replica %d: %v", event, i, err)
		}
		// A replica that has just begun to serve is not called before its endpoint is known.
		if l := r.serving.Load(); l != nil {
			if err := verifies(r, late.bundles); err != nil {
				t.Fatalf("%s: replica %d, and an API server that learns late: %v", event, i, err)
			}
		}
	}
}
