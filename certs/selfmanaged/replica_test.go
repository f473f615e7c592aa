package selfmanaged

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// testLifetimes are short ones with the same proportions.
func testLifetimes() Lifetimes {
	l := DefaultLifetimes()
	l.CA, l.Leaf, l.KeepPredecessor = 2*time.Hour, 30*time.Minute, 15*time.Minute
	return l
}

// replica is a Manager that runs.
type replica struct {
	*Manager
	stop func()
}

// run starts a replica; it ends with the test at the latest.
func (m *memory) run(t *testing.T, l Lifetimes) *replica {
	t.Helper()
	return m.runAt(t, l, m.now)
}

// runAt starts a replica on a node with a clock of its own.
func (m *memory) runAt(t *testing.T, l Lifetimes, now func() time.Time) *replica {
	t.Helper()
	metrics, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Namespace: "probes", Secret: "tls", Configurations: []string{hooks}, DNSNames: []string{serviceName},
		Lifetimes: l, Now: now, Logger: m.logger,
	}
	if m.preflight != nil {
		o.Preflights = []string{hooks}
	}
	r := &replica{Manager: newManager(o, o.configurations(), metrics, connection{m})}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Run(ctx)
	}()
	r.stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(r.stop)
	return r
}

// authorities are what is in the bundles, which must be the same in all of them.
func (m *memory) authorities(t *testing.T) []*x509.Certificate {
	t.Helper()
	all := m.bundles()
	for _, b := range all {
		if !areSame(parseCertificates(b), parseCertificates(all[0])) {
			t.Errorf("entries have different bundles")
		}
	}
	return parseCertificates(all[0])
}

// verifies returns why an API server, whose clock is right, would reject what a replica serves by one of the bundles.
func verifies(r *replica, bundles [][]byte) error {
	l := r.serving.Load()
	if l == nil {
		return nil
	}
	now := r.cluster.(connection).now()
	for i, b := range bundles {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(b)
		if _, err := l.certificate().Verify(x509.VerifyOptions{Roots: roots, DNSName: serviceName, CurrentTime: now}); err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return nil
}

// makeCA makes an authority.
func makeCA(t testing.TB, at time.Time, l Lifetimes) (*authority, map[string][]byte) {
	t.Helper()
	a, data, err := newAuthority(at, l)
	if err != nil {
		t.Fatal(err)
	}
	return a, data
}

// foreignAuthority makes an authority as another tool would.
func foreignAuthority(t testing.TB, made time.Time) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(made.UnixNano()), Subject: pkix.Name{CommonName: "another tool"},
		NotBefore: made, NotAfter: made.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	c, err := create(template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
