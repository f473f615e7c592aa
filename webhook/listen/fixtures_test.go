package listen_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probe-injector/probe-injector/webhook/listen"
)

// served is a listener and what it counts.
type served struct {
	t *testing.T
	// secure reports whether it serves TLS.
	secure   bool
	server   *listen.Server
	registry *prometheus.Registry
}

// serve serves a handler; plain HTTP, or TLS with the certificate of package httptest.
func serve(t *testing.T, secure bool, size int, h http.Handler) *served {
	t.Helper()
	s := &served{t: t, secure: secure, registry: prometheus.NewRegistry()}
	metrics, err := listen.NewMetrics(s.registry)
	if err != nil {
		t.Fatal(err)
	}
	o := listen.Options{Name: "reviews", Address: "127.0.0.1:0", Handler: h, MaxConnections: size, Metrics: metrics}
	if secure {
		standard := httptest.NewTLSServer(nil)
		o.TLS = standard.TLS
		o.TLS.NextProtos = []string{"http/1.1"}
		standard.Close()
	}
	if s.server, err = listen.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.server.Serve() }()
	t.Cleanup(func() {
		s.server.End(2 * time.Second)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// echo answers with what it reads.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = w.Write(body)
}

// echoPosts answers what is wrong before it reads anything, and else with what it reads.
func echoPosts(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path != "/":
		http.NotFound(w, r)
	case r.Method != http.MethodPost:
		http.Error(w, "a POST is needed", http.StatusMethodNotAllowed)
	default:
		echo(w, r)
	}
}

// dial connects from an address of the loopback network.
func (s *served) dial(from string) net.Conn {
	s.t.Helper()
	dialer := net.Dialer{Timeout: waitBudget, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := dialer.DialContext(context.Background(), "tcp", s.server.Address())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(waitBudget)); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// connect is dial, and TLS over it where that is served.
func (s *served) connect(from string) net.Conn {
	s.t.Helper()
	c := s.dial(from)
	if s.secure {
		return insecure(c)
	}
	return c
}

// get asks on a connection, keeps it open and returns the answer, or why there is none.
func get(c net.Conn, body string) (string, error) {
	if _, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		return "", err
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

// counter is the sum of the series of a metric that have a label with a value.
func (s *served) counter(name, label, value string) float64 {
	s.t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if family.GetName() == name && l.GetName() == label && l.GetValue() == value {
					sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
	}
	return sum
}

// eventually waits for a condition.
func (s *served) eventually(what string, condition func() bool) {
	s.t.Helper()
	for end := time.Now().Add(waitBudget); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	s.t.Fatalf("never: %s", what)
}

func (s *served) stage(name string, n int) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("%d connections are at the stage %s", n, name), func() bool {
		return s.counter("probe_injector_connections", "stage", name) == float64(n)
	})
}

func (s *served) closed(reason string) float64 {
	s.t.Helper()
	return s.counter("probe_injector_connections_closed_total", "reason", reason)
}
