package resilience

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// The namespaces in which Pods are created.
const (
	// plain is a namespace like any other.
	plain = "plain"
	// labelled is selected by the rule that the chart brings.
	labelled = "labelled"
)

// connections is over how many connections Pods are created.
const connections = 12

// cluster is a control plane that calls webhooks by the endpoints of their Services.
type cluster struct {
	*controlplane.ControlPlane
	// host is the address of this machine on which the servers listen.
	host string
	// clients have one connection each.
	clients []rest.Interface
	turn    atomic.Uint64
	// objects creates whatever the chart renders.
	objects dynamic.Interface
}

// newCluster starts a control plane that lives as long as the test.
func newCluster(t *testing.T, options controlplane.Options) *cluster {
	t.Helper()
	host, err := ownAddress()
	if err != nil {
		t.Fatal(err)
	}
	options.APIServerArgs = append(options.APIServerArgs, "--enable-aggregator-routing=true")
	c := &cluster{ControlPlane: controlplane.ForTest(t, options), host: host}
	for range connections {
		client, err := c.newClient()
		if err != nil {
			t.Fatal(err)
		}
		c.clients = append(c.clients, client)
	}
	if c.objects, err = dynamic.NewForConfig(c.RESTConfig()); err != nil {
		t.Fatal(err)
	}
	for name, labels := range map[string]map[string]string{plain: nil, labelled: {"probe-injector.dev/inject": "true"}} {
		if err := c.CreateNamespace(t.Context(), name, labels); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// ownAddress returns the first address of this machine that an endpoint may have, IPv4 if there is one.
func ownAddress() (string, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return "", fmt.Errorf("listing the machine's addresses: %w", err)
	}
	var first netip.Addr
	for _, address := range addresses {
		prefix, err := netip.ParsePrefix(address.String())
		if err != nil {
			continue
		}
		switch candidate := prefix.Addr().Unmap(); {
		case !candidate.IsGlobalUnicast():
		case candidate.Is4():
			return candidate.String(), nil
		case !first.IsValid():
			first = candidate
		}
	}
	if !first.IsValid() {
		return "", errors.New("this machine has only loopback and link-local addresses, which the API server accepts for no endpoint: " +
			"give it another one, such as by: ip address add 10.20.30.40/32 dev lo")
	}
	return first.String(), nil
}

// newClient returns a client with a connection that nobody else uses.
func (c *cluster) newClient() (rest.Interface, error) {
	config := c.RESTConfig()
	// A dialer of its own is what keeps client-go from sharing connections.
	config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	config.WarningHandler = rest.NoWarnings{}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return client.CoreV1().RESTClient(), nil
}

// anyClient returns one client after the other.
func (c *cluster) anyClient() rest.Interface {
	return c.clients[c.turn.Add(1)%uint64(len(c.clients))]
}

// failures returns why the API server could not call webhooks, and how often each, as far as its log says after some
// bytes.
func (c *cluster) failures(after int) map[string]int {
	ports := regexp.MustCompile(`:\d{4,5}\b`)
	all := map[string]int{}
	log := c.log()
	for line := range strings.Lines(log[min(after, len(log)):]) {
		if _, reason, ok := strings.Cut(line, "failed to call webhook: "); ok && strings.HasPrefix(line, "W") {
			all[ports.ReplaceAllString(strings.TrimSpace(reason), ":PORT")]++
		}
	}
	return all
}

// log is all that the API server has logged.
func (c *cluster) log() string { return c.LogTail("kube-apiserver", math.MaxInt) }

// failedOpen is how many calls of our webhooks failed and were passed over, as the API server counts them.
func (c *cluster) failedOpen(t *testing.T) int {
	t.Helper()
	scrape, err := c.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int(scrape.Sum("apiserver_admission_webhook_fail_open_count", nil))
}
