package certs

import (
	"crypto/tls"
	"fmt"
)

// DefaultMinVersion is the lowest TLS version that is served by default. Every supported API server speaks 1.3.
const DefaultMinVersion = "1.3"

// ParseVersion reads a TLS version as people write it, "1.2" or "1.3". Older ones are not offered: no supported API
// server needs them.
func ParseVersion(s string) (uint16, error) {
	switch s {
	case "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	default:
		return 0, fmt.Errorf("TLS version %q: write 1.2 or 1.3", s)
	}
}

// Certificates returns the listener's certificate for every handshake: it is a Source, or the Manager of the package
// selfmanaged.
type Certificates interface {
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// ServerTLS returns what sets up the TLS of the webhook's listener.
func ServerTLS(from Certificates, minVersion uint16) func(*tls.Config) {
	return func(c *tls.Config) {
		c.GetCertificate = from.GetCertificate
		c.MinVersion = minVersion
		// The API server calls webhooks over HTTP/1.1, on purpose: it spreads its calls over connections. Offering
		// nothing else keeps attacks on HTTP/2 out.
		c.NextProtos = []string{"http/1.1"}
		// The API server keeps no sessions, so that every ticket would be made for nothing.
		c.SessionTicketsDisabled = true
	}
}
