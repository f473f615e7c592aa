package webhook

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"

	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"
)

// NewServer returns controller-runtime's webhook server with the handler at its paths, ready to Start without a
// manager: reviews are decided from what they contain, so that no access to the Kubernetes API is needed.
//
// The address is "host:port"; an empty host means all. The function sets up TLS and must set GetCertificate, or
// controller-runtime would read certificates itself, from a directory of its own choice.
func NewServer(address string, h *Handler, setTLS func(*tls.Config)) (ctrlwebhook.Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("listen address: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 1 || number > 65535 {
		return nil, fmt.Errorf("listen address %q: the port must be a number from 1 to 65535", address)
	}
	s := ctrlwebhook.NewServer(ctrlwebhook.Options{
		Host:    host,
		Port:    number,
		TLSOpts: []func(*tls.Config){setTLS},
	})
	s.Register(PathPrefix, h)
	// Everything else is answered by the handler too, so that a wrong path in a webhook configuration gets a sentence
	// that the API server can show.
	s.Register("/", h)
	return s, nil
}
