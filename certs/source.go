package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// The names of the files in a mounted Secret of type kubernetes.io/tls.
const (
	CertificateFile = "tls.crt"
	KeyFile         = "tls.key"
)

// pair is a certificate with its key, and the bytes that it was read from.
type pair struct {
	certificate *tls.Certificate
	certPEM     []byte
	keyPEM      []byte
}

// leaf is the certificate itself, without its chain. tls.X509KeyPair always sets it.
func (p *pair) leaf() *x509.Certificate { return p.certificate.Leaf }

// Source serves the pair in a directory. It does not watch the directory: its user calls Reload when something changed,
// and from time to time in case a change was missed. It is safe for concurrent use.
type Source struct {
	dir      string
	dnsNames []string
	metrics  *Metrics
	now      func() time.Time

	reloading sync.Mutex
	serving   atomic.Pointer[pair]
}

// NewSource reads the pair in a directory for the first time. The DNS names are those by which the API server calls the
// webhook; a pair without them is served all the same if there is no better one, and Check reports it. The clock is
// time.Now except in tests.
func NewSource(dir string, dnsNames []string, m *Metrics, now func() time.Time) (*Source, error) {
	s := &Source{dir: dir, dnsNames: dnsNames, metrics: m, now: now}
	if _, err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload reads the files, serves them from now on if they changed, and reports whether they did. With an error, the pair
// that was served before stays.
func (s *Source) Reload() (changed bool, err error) {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	old := s.serving.Load()
	p, err := s.read(old)
	if err == nil && p == nil {
		return false, nil
	}
	if err == nil {
		err = s.worse(p, old)
	}
	if err != nil {
		s.metrics.failed.Inc()
		return false, fmt.Errorf("certificate in %s: %w", s.dir, err)
	}
	s.serving.Store(p)
	s.metrics.succeeded.Inc()
	s.metrics.notAfter.Set(float64(p.leaf().NotAfter.Unix()))
	s.metrics.notBefore.Set(float64(p.leaf().NotBefore.Unix()))
	return true, nil
}

// worse returns why a new pair must not replace the old one: it could not be used now, and the old one can. When the
// old one ends, the next Reload takes the new one for what it is.
func (s *Source) worse(p, old *pair) error {
	oldWorks := old != nil && usable(old.leaf(), s.dnsNames, s.now()) == nil
	if !oldWorks {
		return nil
	}
	if err := usable(p.leaf(), s.dnsNames, s.now()); err != nil {
		return fmt.Errorf("the new one is not taken while the old one works: %w", err)
	}
	return nil
}

// GetCertificate is for tls.Config.
func (s *Source) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return s.serving.Load().certificate, nil
}

// read returns the pair in the directory, or nil if its bytes are those of old.
func (s *Source) read(old *pair) (*pair, error) {
	certPEM, keyPEM, err := s.readFiles()
	if err != nil {
		return nil, err
	}
	if old != nil && bytes.Equal(certPEM, old.certPEM) && bytes.Equal(keyPEM, old.keyPEM) {
		return nil, nil
	}
	certificate, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, err
	}
	return &pair{certificate: &certificate, certPEM: certPEM, keyPEM: keyPEM}, nil
}

// readFiles reads both files from one generation of a mounted Secret. The kubelet writes each generation into a
// directory of its own and then swaps the link "..data" to it; files that are opened through the resolved link belong
// together.
func (s *Source) readFiles() (certPEM, keyPEM []byte, err error) {
	dir, err := filepath.EvalSymlinks(filepath.Join(s.dir, "..data"))
	if errors.Is(err, fs.ErrNotExist) {
		dir, err = s.dir, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if certPEM, err = os.ReadFile(filepath.Join(dir, CertificateFile)); err != nil {
		return nil, nil, err
	}
	if keyPEM, err = os.ReadFile(filepath.Join(dir, KeyFile)); err != nil {
		return nil, nil, err
	}
	return certPEM, keyPEM, nil
}

// usable returns why an API server that calls the webhook by the DNS names would reject a certificate now, or nil.
func usable(leaf *x509.Certificate, dnsNames []string, now time.Time) error {
	if now.Before(leaf.NotBefore) {
		return fmt.Errorf("the certificate is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	if now.After(leaf.NotAfter) {
		return fmt.Errorf("the certificate expired at %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	for _, name := range dnsNames {
		if err := leaf.VerifyHostname(name); err != nil {
			return fmt.Errorf("the certificate does not name %s but %q", name, leaf.DNSNames)
		}
	}
	return nil
}
