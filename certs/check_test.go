package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/certs"
)

// listener serves TLS with the source, counts handshakes and closes what connects.
func listener(t *testing.T, s *certs.Source) (address string, handshakes *atomic.Int32) {
	t.Helper()
	config := &tls.Config{}
	certs.ServerTLS(s, tls.VersionTLS13)(config)
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	handshakes = &atomic.Int32{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			connection, err := l.Accept()
			if err != nil {
				return
			}
			if err := connection.(*tls.Conn).Handshake(); err == nil {
				handshakes.Add(1)
			}
			_ = connection.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String(), handshakes
}

func TestReady(t *testing.T) {
	tests := map[string]struct {
		served func(t *testing.T) keyPair
		names  []string
		want   string
	}{
		"a certificate that names us": {
			served: valid, names: []string{serviceName},
		},
		"no names are asked for": {
			served: valid,
		},
		"one of the names is missing": {
			served: valid, names: []string{serviceName, serviceName + ".cluster.local"},
			want: "does not name probe-injector.probes.svc.cluster.local",
		},
		"it has expired": {
			served: func(t *testing.T) keyPair {
				return issue(t, serviceName, start().Add(-2*time.Hour), start().Add(-time.Second))
			},
			names: []string{serviceName},
			want:  "the certificate expired",
		},
		"it is not valid yet": {
			served: func(t *testing.T) keyPair {
				return issue(t, serviceName, start().Add(time.Second), start().Add(time.Hour))
			},
			names: []string{serviceName},
			want:  "not valid before",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source, _, _ := newSource(t, test.served(t), start)
			address, _ := listener(t, source)
			err := certs.NewCheck(address, test.names, nil, start).Ready()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestNotReadyWithoutAListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := certs.NewCheck(address, nil, nil, start).Ready(); err == nil {
		t.Error("ready though nobody listens")
	}
}

func TestNotReadyWhenTheListenerIsSilent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	begin := time.Now()
	if err := certs.NewCheck(l.Addr().String(), nil, nil, time.Now).Ready(); err == nil {
		t.Error("ready though nobody answers")
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("it took %s to find out, longer than a probe waits", took)
	}
}

func TestManyWhoAskCauseOneHandshakeASecond(t *testing.T) {
	source, _, _ := newSource(t, valid(t), start)
	address, handshakes := listener(t, source)
	c := &clock{at: start()}
	check := certs.NewCheck(address, []string{serviceName}, nil, c.now)

	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if err := check.Ready(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	waitFor(t, handshakes, 1)

	c.at = start().Add(time.Second)
	if err := check.Ready(); err != nil {
		t.Error(err)
	}
	waitFor(t, handshakes, 2)
}

// waitFor waits for the server's side of the last handshake and holds the count to what is wanted.
func waitFor(t *testing.T, handshakes *atomic.Int32, want int32) {
	t.Helper()
	for range 100 {
		if handshakes.Load() >= want {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := handshakes.Load(); got != want {
		t.Errorf("%d handshakes, want %d", got, want)
	}
}

func TestServerTLS(t *testing.T) {
	source, _, _ := newSource(t, valid(t), start)
	address, _ := listener(t, source)
	tests := map[string]struct {
		client *tls.Config
		want   string
	}{
		"TLS 1.3 and HTTP/1.1 are served": {client: &tls.Config{NextProtos: []string{"h2", "http/1.1"}}},
		"TLS 1.2 is not served by default": {
			client: &tls.Config{MaxVersion: tls.VersionTLS12},
			want:   "protocol version not supported",
		},
		"HTTP/2 alone is not served": {
			client: &tls.Config{NextProtos: []string{"h2"}},
			want:   "no application protocol",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.client.InsecureSkipVerify = true
			connection, err := tls.Dial("tcp", address, test.client)
			if err == nil {
				defer connection.Close()
				if got := connection.ConnectionState().NegotiatedProtocol; got != "http/1.1" {
					t.Errorf("protocol %q", got)
				}
			}
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		if got, err := certs.ParseVersion(text); err != nil || got != want {
			t.Errorf("%s: %x, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1.1", "TLS1.3", "1.4"} {
		if _, err := certs.ParseVersion(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestReadyHeedsWhomTheAPIServerTrusts(t *testing.T) {
	source, _, _ := newSource(t, valid(t), start)
	address, _ := listener(t, source)
	var asked *x509.Certificate
	check := certs.NewCheck(address, []string{serviceName}, func(c *x509.Certificate) error {
		asked = c
		return errors.New("nobody published its authority")
	}, start)
	if err := check.Ready(); err == nil || !strings.Contains(err.Error(), "nobody published its authority") {
		t.Errorf("ready says %v", err)
	}
	if served, err := source.GetCertificate(nil); err != nil || !served.Leaf.Equal(asked) {
		t.Errorf("it was not asked about what is served: %v", err)
	}
}
