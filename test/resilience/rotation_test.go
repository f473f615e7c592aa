package resilience

import (
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// TestRenewedLeavesOfOurOwnLoseNothing gives the certificates that servers make for themselves a life of seconds, with an
// authority of theirs and with one that is older than everything that is kept.
func TestRenewedLeavesOfOurOwnLoseNothing(t *testing.T) {
	t.Parallel()
	t.Run("a new authority", func(t *testing.T) { renewedLeaves(t, nil) })
	t.Run("an aged authority", func(t *testing.T) { renewedLeaves(t, agedAuthority()) })
}

func renewedLeaves(t *testing.T, authority *forgery) {
	t.Parallel()
	renewals := either(t, 6, 3*20)
	c := newCluster(t, controlplane.Options{})
	// The short form runs beside other tests on a busy machine: a third of the life is left for a renewal.
	r := c.install(t, plan{timeoutSeconds: patience, selfManaged: true, authority: authority, replicas: 3, fault: either(t, "leaf-lifetime:15s", "leaf-lifetime:9s")})

	load, newReplica := c.load(t, asking()), r.newReplica(t)
	begin := r.counted(t, "probe_injector_certificates_served_total", nil)
	for next := time.Now(); r.counted(t, "probe_injector_certificates_served_total", nil) < begin+float64(renewals); {
		r.reconnect(t)
		next = next.Add(time.Second)
		sleepUntil(t, next)
	}
	r.rotated(t, fmt.Sprintf("certificates of our own renewed %d times by %d servers", renewals, r.plan.replicas), load, newReplica)
}

// TestRotatedAuthoritiesLoseNothing gives the certificate authority of three servers a life of seconds, the first one too
// or so that it ends after years.
func TestRotatedAuthoritiesLoseNothing(t *testing.T) {
	t.Parallel()
	t.Run("a new authority", func(t *testing.T) { rotatedAuthorities(t, nil) })
	t.Run("an aged authority", func(t *testing.T) {
		aged := agedAuthority()
		// It is due for replacement when a third of the lifetime below is left.
		aged.to = either(t, 20*time.Second, 35*time.Second)
		rotatedAuthorities(t, aged)
	})
}

func rotatedAuthorities(t *testing.T, authority *forgery) {
	t.Parallel()
	rotations := either(t, 2, 5)
	c := newCluster(t, controlplane.Options{})
	r := c.install(t, plan{timeoutSeconds: patience, selfManaged: true, authority: authority, replicas: 3, fault: either(t,
		"ca-lifetime:24s,leaf-lifetime:24s,keep-predecessor:8s,hold:2s",
		// An API server is given as much time as in a cluster.
		"ca-lifetime:45s,leaf-lifetime:45s,keep-predecessor:20s")})

	load, newReplica := c.load(t, asking()), r.newReplica(t)
	served := map[string]bool{}
	for {
		bundles, err := r.bundles(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := r.handshake(t.Context(), r.running()[0].Address(), bundles[0])
		if err != nil {
			t.Fatal(err)
		}
		served[string(leaf.AuthorityKeyId)] = true
		if len(served) == rotations+1 {
			break
		}
		if time.Since(load.begin) > time.Duration(rotations)*waitBudget {
			t.Fatalf("only %d authorities were seen, not %d", len(served), rotations+1)
		}
		sleepUntil(t, time.Now().Add(200*time.Millisecond))
	}
	// The predecessor is taken out of the bundle.
	sleepUntil(t, time.Now().Add(either(t, 10*time.Second, 25*time.Second)))
	r.rotated(t, fmt.Sprintf("certificate authority rotated %d times by %d servers", rotations, r.plan.replicas), load, newReplica)
}

// rotated ends the load and expects that nobody noticed anything.
func (r *release) rotated(t *testing.T, what string, load *load, newReplica *newReplica) {
	t.Helper()
	outcome := load.end()
	verified, refused := newReplica.end()
	figure(t, "%s: %v; %d handshakes of new replicas verified, %d not", what, outcome, verified, len(refused))
	outcome.nothingLost(t, 0)
	if failures := r.failures(); len(failures) != 0 {
		t.Errorf("the API server could not call the webhook: %v", failures)
	}
	for _, why := range append(refused, r.refusedHandshakes(t)...) {
		t.Errorf("a certificate was refused: %s", why)
	}
	if verified == 0 {
		t.Error("no handshake was looked at")
	}
}

// renewed gives a server a new certificate file and waits until it is served.
func (r *release) renewed(t *testing.T, s *server.Server) time.Duration {
	t.Helper()
	if err := s.Renew(time.Hour); err != nil {
		t.Fatal(err)
	}
	file, err := tls.LoadX509KeyPair(filepath.Join(s.CertificateDir(), "tls.crt"), filepath.Join(s.CertificateDir(), "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	return eventually(t, "the new certificate is served", func() error {
		served, err := r.handshake(t.Context(), s.Address(), string(s.CABundle()))
		if err == nil && !served.Equal(file.Leaf) {
			err = errors.New("it is another one")
		}
		return err
	})
}

// reconnect makes the API server open new connections: it keeps a client, with its connections, for each different
// bundle, and here the bundle gets another empty line.
func (r *release) reconnect(t *testing.T) {
	t.Helper()
	r.change(t, func(present *admissionregistrationv1.MutatingWebhookConfiguration) {
		for n := range present.Webhooks {
			bundle := &present.Webhooks[n].ClientConfig.CABundle
			*bundle = append(*bundle, '\n')
		}
	})
}
