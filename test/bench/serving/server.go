// Package serving is the server that ours is built on, controller-runtime's, set up as ours, for the programs that ours
// is compared with.
package serving

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"

	"sigs.k8s.io/controller-runtime/pkg/webhook"
)

// NewServer returns a server for an address, host:port, and the folder of its certificate.
func NewServer(address, certificates string) (webhook.Server, error) {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--address: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("--address: %w", err)
	}
	return webhook.NewServer(webhook.Options{
		Host: host, Port: port, CertDir: certificates,
		TLSOpts: []func(*tls.Config){func(c *tls.Config) {
			c.MinVersion = tls.VersionTLS13
			c.NextProtos = []string{"http/1.1"}
			c.SessionTicketsDisabled = true
		}},
	}), nil
}
