package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// handshakeTimeout is far more than a handshake with the own listener takes, and less than the second that a readiness
	// probe waits by default.
	handshakeTimeout = 900 * time.Millisecond
	// cacheFor is how long an outcome is reused. Anyone in the cluster may call a health port, and a handshake costs
	// about a millisecond of CPU.
	cacheFor = time.Second
)

// Check reports whether an API server could call the webhook now: a handshake with the listener succeeds, and the
// certificate that it presents is valid now and has the DNS names. It is safe for concurrent use.
type Check struct {
	address  string
	dnsNames []string
	trusted  func(*x509.Certificate) error
	now      func() time.Time

	mutex   sync.Mutex
	at      time.Time
	outcome error
}

// NewCheck returns a Check of the listener at an address, "host:port" with an empty host for all (then Go dials the
// local system). The function trusted returns why an API server would reject the certificate that the listener presented;
// it is nil where this process cannot know what API servers trust. The clock is time.Now except in tests.
func NewCheck(address string, dnsNames []string, trusted func(*x509.Certificate) error, now func() time.Time) *Check {
	return &Check{address: address, dnsNames: dnsNames, trusted: trusted, now: now}
}

// Ready returns why an API server could not call the webhook, or nil. The result is at most a second old, and concurrent
// callers share one handshake.
func (c *Check) Ready() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if now := c.now(); c.at.IsZero() || now.Sub(c.at) >= cacheFor || now.Before(c.at) {
		c.at, c.outcome = now, c.handshake()
	}
	return c.outcome
}

func (c *Check) handshake() error {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	config := &tls.Config{
		// The system's roots do not matter here; VerifyConnection checks what does.
		InsecureSkipVerify: true, //nolint:gosec // see above
		NextProtos:         []string{"http/1.1"},
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 {
				return errors.New("no certificate was served")
			}
			return c.accepts(state.PeerCertificates[0])
		},
	}
	if len(c.dnsNames) > 0 {
		config.ServerName = c.dnsNames[0]
	}
	dialer := tls.Dialer{Config: config}
	connection, err := dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return fmt.Errorf("handshake with our own listener: %w", err)
	}
	// With TLS 1.3 the client is done before the server is: closing at once, the server may see a reset, which costs
	// nothing but its own log line.
	if err := connection.Close(); err != nil {
		return fmt.Errorf("handshake with our own listener: %w", err)
	}
	return nil
}

// accepts returns why an API server would reject a certificate, or nil.
func (c *Check) accepts(leaf *x509.Certificate) error {
	if err := usable(leaf, c.dnsNames, c.now()); err != nil {
		return err
	}
	if c.trusted == nil {
		return nil
	}
	return c.trusted(leaf)
}
