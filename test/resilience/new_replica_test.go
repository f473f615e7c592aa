package resilience

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// newReplica is a replica of the API server that has just started: again and again it reads the published bundles, connects to
// every server and verifies the certificate. The real one keeps its connections, and would notice late.
type newReplica struct {
	stop    context.CancelFunc
	running sync.WaitGroup

	mutex    sync.Mutex
	verified int
	refused  []string
}

// newReplica begins to verify all servers that are not about to end.
func (r *release) newReplica(t *testing.T) *newReplica {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	n := &newReplica{stop: stop}
	n.running.Go(func() {
		for ctx.Err() == nil {
			n.look(ctx, r)
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	t.Cleanup(func() { n.end() })
	return n
}

// look verifies each server once. What is published is read before, so that nothing may be served that was not
// published when the handshake began.
func (n *newReplica) look(ctx context.Context, r *release) {
	bundles, err := r.bundles(ctx)
	if err != nil {
		n.note(ctx, err)
		return
	}
	for _, s := range r.staying() {
		for _, bundle := range bundles {
			_, err := r.handshake(ctx, s.Address(), bundle)
			n.note(ctx, err)
		}
	}
}

func (n *newReplica) note(ctx context.Context, err error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	switch {
	case ctx.Err() != nil:
	case err == nil:
		n.verified++
	default:
		n.refused = append(n.refused, time.Now().UTC().Format("15:04:05.000 ")+err.Error())
	}
}

// end stops and returns how many handshakes were verified, and why others were not.
func (n *newReplica) end() (verified int, refused []string) {
	n.stop()
	n.running.Wait()
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.verified, n.refused
}

// bundles returns what the entries of the configuration have published, each different one once.
func (r *release) bundles(ctx context.Context) ([]string, error) {
	rendered, err := r.rendered.WebhookConfiguration()
	if err != nil {
		return nil, err
	}
	published, err := r.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, rendered.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading what is published: %w", err)
	}
	seen, bundles := map[string]bool{}, []string(nil)
	for _, entry := range published.Webhooks {
		if bundle := string(entry.ClientConfig.CABundle); !seen[bundle] {
			seen[bundle] = true
			bundles = append(bundles, bundle)
		}
	}
	return bundles, nil
}

// handshake connects to a server as the API server does, and returns the certificate if the bundle verifies it. If not, the
// server is not told, so that what it logs of refused certificates comes from the API server alone.
func (r *release) handshake(ctx context.Context, address, bundle string) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, createTimeout)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{ServerName: r.options.DNSNames[0], NextProtos: []string{"http/1.1"}, InsecureSkipVerify: true}}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("handshake with %s: %w", address, err)
	}
	defer connection.Close()
	secured, ok := connection.(*tls.Conn)
	if !ok {
		return nil, errors.New("the connection is not TLS")
	}
	leaf := secured.ConnectionState().PeerCertificates[0]
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(bundle))
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: r.options.DNSNames[0]}); err != nil {
		return nil, fmt.Errorf("the certificate of %s: %w", address, err)
	}
	return leaf, nil
}

// showWhoIsTrusted tells apart what is not published and what the API server has not taken over.
func (r *release) showWhoIsTrusted(t *testing.T) {
	t.Helper()
	// The context of a test that ends is done.
	ctx, cancel := context.WithTimeout(context.Background(), waitBudget)
	defer cancel()
	var now newReplica
	now.look(ctx, r)
	t.Logf("the published bundles verify %d of the certificates that are served, and not: %v", now.verified, now.refused)
}
