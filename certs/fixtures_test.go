package certs_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probe-injector/probe-injector/certs"
)

const serviceName = "probe-injector.probes.svc"

// start is when every test begins, in whole seconds as certificates have them.
func start() time.Time { return time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC) }

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// keyPair is a certificate in PEM with its key.
type keyPair struct{ cert, key []byte }

// valid is a certificate for the service for an hour around the start.
func valid(t *testing.T) keyPair {
	t.Helper()
	return issue(t, serviceName, start().Add(-time.Hour), start().Add(time.Hour))
}

func issue(t *testing.T, name string, notBefore, notAfter time.Time) keyPair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: notBefore, NotAfter: notAfter, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}
}

// mount writes a pair into a directory as the kubelet does: into a directory of its own, to which "..data" is swapped.
func mount(t *testing.T, dir string, p keyPair) {
	t.Helper()
	generation, err := os.MkdirTemp(dir, "..generation-")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{certs.CertificateFile: p.cert, certs.KeyFile: p.key} {
		if err := os.WriteFile(filepath.Join(generation, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	swap := filepath.Join(dir, "..data_tmp")
	if err := os.Symlink(filepath.Base(generation), swap); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(swap, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
}

// newSource returns a source of a directory in which the pair is mounted.
func newSource(t *testing.T, p keyPair, now func() time.Time) (source *certs.Source, dir string, r *prometheus.Registry) {
	t.Helper()
	dir, r = t.TempDir(), prometheus.NewRegistry()
	mount(t, dir, p)
	m, err := certs.NewMetrics(r)
	if err != nil {
		t.Fatal(err)
	}
	if source, err = certs.NewSource(dir, []string{serviceName}, m, now); err != nil {
		t.Fatal(err)
	}
	return source, dir, r
}

// serves reports whether the source serves this certificate and its whole chain.
func serves(t *testing.T, s *certs.Source, p keyPair) bool {
	t.Helper()
	got, err := s.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := tls.X509KeyPair(p.cert, p.key)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(bytes.Join(got.Certificate, nil), bytes.Join(want.Certificate, nil))
}

// metric returns the value of a series with one label or none.
func metric(t *testing.T, r *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s %s", name, label)
	return 0
}
