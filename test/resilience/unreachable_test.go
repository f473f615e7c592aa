package resilience

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// overhead is how much longer than the timeouts of all entries that call us a create may take.
const overhead = 500 * time.Millisecond

// shape is a kind of Pod, and how many entries of the configuration send it to us.
type shape struct {
	subject subject
	entries int
}

// shapes are the kinds of Pods that the default values tell apart.
func shapes() map[string]shape {
	annotated := func(namespace, value string) subject {
		return subject{namespace: namespace, metadata: map[string]any{"annotations": map[string]string{"probe-injector.dev/inject": value}}}
	}
	ours := annotated(plain, "true")
	ours.metadata["labels"] = map[string]string{"probe-injector.dev/component": "webhook"}
	return map[string]shape{
		"a Pod that asks":                             {annotated(plain, "true"), 1},
		"a Pod that asks, in a labelled namespace":    {annotated(labelled, "true"), 1},
		"a Pod of a labelled namespace":               {owned(labelled), 1},
		"a Pod that does not ask":                     {owned(plain), 0},
		"a Pod that opts out of a labelled namespace": {annotated(labelled, "false"), 0},
		"a Pod that asks, in kube-system":             {annotated(metav1.NamespaceSystem, "true"), 0},
		"one of our own Pods":                         {ours, 0},
	}
}

// TestAnUnreachableWebhookCostsOneTimeout drops every packet to the webhook under failurePolicy Ignore. With the default
// values no Pod is sent to more than one entry, so that each is created after one timeout at most.
func TestAnUnreachableWebhookCostsOneTimeout(t *testing.T) {
	t.Parallel()
	c := newCluster(t, controlplane.Options{})
	if err := c.PrepareNamespace(t.Context(), metav1.NamespaceSystem); err != nil {
		t.Fatal(err)
	}

	t.Run("packets are dropped", func(t *testing.T) {
		r := c.prepare(t, plan{})
		r.apply(t)
		if err := r.publishAddress(t.Context(), blackHole(t, c.host)); err != nil {
			t.Fatal(err)
		}
		r.isRegistered(t)
		for name, shape := range shapes() {
			t.Run(name, func(t *testing.T) { r.delayed(t, shape) })
		}
	})
	t.Run("the server freezes with connections open", func(t *testing.T) {
		r := c.install(t, plan{namespace: "frozen"})
		if err := r.running()[0].Process().Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		r.delayed(t, shape{asking(), 1})
		if err := r.running()[0].Process().Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		figure(t, "thawed: the next Pod gets its probes after %v", r.works(t).Round(time.Millisecond))
	})
	t.Run("two groups of rules are two timeouts", func(t *testing.T) {
		const values = `
webhook: {timeoutSeconds: 1}
policy:
  rules:
  - {name: one, namespaceSelector: {matchLabels: {probe-injector.dev/inject: "true"}}, probes: [readiness]}
  - {name: two, namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: labelled}}, probes: [readiness]}
`
		r := c.prepare(t, plan{namespace: "groups", values: values})
		r.apply(t)
		if err := r.publishAddress(t.Context(), blackHole(t, c.host)); err != nil {
			t.Fatal(err)
		}
		r.isRegistered(t)
		r.delayed(t, shape{owned(labelled), 2})
	})
}

// delayed creates a Pod while the webhook cannot be reached. The machine has other things to do, so that one of three
// attempts has to keep to the bound.
func (r *release) delayed(t *testing.T, s shape) {
	t.Helper()
	configuration, err := r.rendered.WebhookConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	timeout := time.Duration(*configuration.Webhooks[0].TimeoutSeconds) * time.Second
	most := time.Duration(s.entries)*timeout + overhead
	for attempts := 1; ; attempts++ {
		before := r.failedOpen(t)
		a := r.attempt(t.Context(), s.subject)
		entries := r.failedOpen(t) - before
		figure(t, "unreachable: created after %v, with %d matching entries of %v", a.took.Round(time.Millisecond), entries, timeout)
		if a.err != nil {
			t.Errorf("it is refused: %v", a.err)
		}
		if entries != s.entries {
			t.Errorf("%d entries sent it to us, not %d", entries, s.entries)
		}
		if a.took <= most {
			return
		}
		if attempts == 3 {
			t.Fatalf("it took more than %v each time", most)
		}
	}
}

// blackHole returns an address that drops the packets of whoever wants to connect: that of a listener whose queue is
// full. Nobody needs to be root for it.
func blackHole(t *testing.T, host string) string {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	raw, err := listener.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	// Listening again makes the queue as short as it can be.
	var listening error
	if err := errors.Join(raw.Control(func(fd uintptr) { listening = syscall.Listen(int(fd), 0) }), listening); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		connection, err := net.DialTimeout("tcp", listener.Addr().String(), 300*time.Millisecond)
		var failure net.Error
		if errors.As(err, &failure) && failure.Timeout() {
			return listener.Addr().String()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { connection.Close() })
	}
	t.Fatal("connections are accepted by a listener whose queue should be full")
	return ""
}
