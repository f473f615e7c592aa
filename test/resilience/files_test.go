package resilience

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// badFiles are what may lie in the mounted Secret and must not be served.
func badFiles() map[string]func(*testing.T, *release, *server.Server) {
	signed := func(validity time.Duration, host string) func(*testing.T, *release, *server.Server) {
		return func(t *testing.T, _ *release, s *server.Server) {
			t.Helper()
			leaf, err := s.Authority().Sign(validity, host)
			if err != nil {
				t.Fatal(err)
			}
			write(t, s, leaf)
		}
	}
	return map[string]func(*testing.T, *release, *server.Server){
		"a certificate that has expired": func(t *testing.T, r *release, s *server.Server) {
			signed(-time.Second, r.options.DNSNames[0])(t, r, s)
		},
		"a certificate of another name": signed(time.Hour, "other.example"),
		"a key of another certificate": func(t *testing.T, r *release, s *server.Server) {
			leaf, err := s.Authority().Sign(time.Hour, r.options.DNSNames...)
			if err != nil {
				t.Fatal(err)
			}
			other, err := s.Authority().Sign(time.Hour, r.options.DNSNames...)
			if err != nil {
				t.Fatal(err)
			}
			leaf.Key = other.Key
			write(t, s, leaf)
		},
		"files that are no certificate": func(t *testing.T, _ *release, s *server.Server) {
			write(t, s, &certificate.Leaf{Certificate: []byte("none"), Key: []byte("neither")})
		},
		"no files at all": func(t *testing.T, _ *release, s *server.Server) {
			err := errors.Join(os.Remove(filepath.Join(s.CertificateDir(), "tls.crt")), os.Remove(filepath.Join(s.CertificateDir(), "tls.key")))
			if err != nil {
				t.Fatal(err)
			}
		},
	}
}

func write(t *testing.T, s *server.Server, leaf *certificate.Leaf) {
	t.Helper()
	if err := certificate.WriteDir(s.CertificateDir(), leaf, s.Authority()); err != nil {
		t.Fatal(err)
	}
}

// TestCertificateFiles has certificates from files, which others renew: cert-manager and the kubelet, or an admin.
func TestCertificateFiles(t *testing.T) {
	t.Parallel()
	c := newCluster(t, controlplane.Options{})
	t.Run("renewals lose nothing", c.renewedFiles)
	t.Run("bad ones are not served", c.badFiles)
	t.Run("an expired one makes the server unready", c.expiredFile)
}

// renewedFiles replaces the certificates of two servers twenty times while Pods are created, and lets the API server open
// new connections each time.
func (c *cluster) renewedFiles(t *testing.T) {
	const renewals = 20
	r := c.install(t, plan{namespace: "renewed", timeoutSeconds: patience, replicas: 2})

	load, newReplica := c.load(t, asking()), r.newReplica(t)
	for range renewals {
		for _, s := range r.running() {
			r.renewed(t, s)
		}
		r.reconnect(t)
	}
	r.rotated(t, fmt.Sprintf("certificate files renewed %d times on %d servers", renewals, r.plan.replicas), load, newReplica)
}

// badFiles puts files there that no API server would accept, while Pods are created. The
// server says so, goes on with the certificate that it has, and takes the next good one.
func (c *cluster) badFiles(t *testing.T) {
	const says = "the certificate was not reloaded, the one before stays"
	r := c.install(t, plan{namespace: "bad", timeoutSeconds: patience})
	s := r.running()[0]
	load, newReplica := c.load(t, asking()), r.newReplica(t)
	for name, spoil := range badFiles() {
		before := strings.Count(r.logs(t), says)
		spoil(t, r, s)
		eventually(t, "the log tells of "+name, func() error {
			return above(float64(before), float64(strings.Count(r.logs(t), says)))
		})
		r.reconnect(t)
		if err := s.Ready(t.Context()); err != nil {
			t.Errorf("%s: the server is not ready although it serves a good certificate: %v", name, err)
		}
		figure(t, "%s: a good certificate after it is served after %v", name, r.renewed(t, s).Round(time.Millisecond))
	}
	r.rotated(t, "bad certificate files, one after the other", load, newReplica)
}

// expiredFile lets the certificate expire that is served: nobody renewed it. The
// server says that it is not ready, and is again as soon as there is a new one.
func (c *cluster) expiredFile(t *testing.T) {
	r := c.install(t, plan{namespace: "expired"})
	s := r.running()[0]
	if err := s.Renew(4 * time.Second); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server says that its certificate has expired", func() error {
		err := s.Ready(t.Context())
		if err == nil {
			return errors.New("it is ready")
		}
		if !strings.Contains(err.Error(), "expired") {
			return err
		}
		return nil
	})
	r.reconnect(t)
	if a := r.attempt(t.Context(), asking()); a.err != nil {
		t.Errorf("a Pod is refused: %v", a.err)
	}
	served := r.renewed(t, s)
	ready := eventually(t, "the server is ready again", func() error { return s.Ready(t.Context()) })
	works := r.works(t)
	figure(t, "expired certificate file: a new one is served after %v, the server ready %v later and Pods probed after %v more",
		served.Round(time.Millisecond), ready.Round(time.Millisecond), works.Round(time.Millisecond))
}
