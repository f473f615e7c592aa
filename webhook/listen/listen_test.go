package listen_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probe-injector/probe-injector/webhook/listen"
)

// waitBudget bounds every wait; nothing takes nearly as long.
const waitBudget = 20 * time.Second

// served is a listener and what it counts.
type served struct {
	t        *testing.T
	server   *listen.Server
	registry *prometheus.Registry
}

// serve serves a handler; plain HTTP, or TLS with the certificate of package httptest.
func serve(t *testing.T, secure bool, size int, h http.Handler) *served {
	t.Helper()
	s := &served{t: t, registry: prometheus.NewRegistry()}
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

func TestOneRequestFollowsAnotherOnAConnection(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := serve(t, secure, 4, http.HandlerFunc(echo))
		url, client := "http://"+s.server.Address(), http.DefaultClient
		if secure {
			url = "https://" + s.server.Address()
			client = insecureClient()
		}
		for _, length := range []int{0, 1, 4000, 4096, 5000, 100_000, 1, 0} {
			body := bytes.Repeat([]byte("x\r\n"), length)
			response, err := client.Post(url, "text/plain", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(response.Body)
			response.Body.Close()
			if err != nil || !bytes.Equal(got, body) || response.Proto != "HTTP/1.1" {
				t.Errorf("TLS %t, %d bytes: %d came back over %s, %v", secure, len(body), len(got), response.Proto, err)
			}
		}
		if n := s.counter("probe_injector_connections", "listener", "reviews"); n != 1 {
			t.Errorf("%v connections, one was enough", n)
		}
	}
}

func TestRequestsInOnePacketAreAnsweredOneByOne(t *testing.T) {
	s := serve(t, false, 4, http.HandlerFunc(echo))
	c := s.dial("127.0.0.1")
	fmt.Fprint(c, strings.Repeat("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\nHost: x\n\n", 5)+
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n")
	all, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(all), "HTTP/1.1 200"); n != 11 || strings.Count(string(all), "abc") != 5 || !strings.Contains(string(all), "z") {
		t.Errorf("%d answers:\n%s", n, all)
	}
}

func TestAHeaderWithManyLinesIsRefusedWhereverItBegins(t *testing.T) {
	many := strings.Repeat("a:\r\n", 200)
	for name, text := range map[string]string{
		"the first":                          "GET / HTTP/1.1\r\n" + many,
		"behind a request":                   "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n" + many,
		"behind a body":                      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naGET / HTTP/1.1\r\n" + many,
		"with lines that only look blank":    "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("a: b\r\n \r\n", 100),
		"with lines that end without \\r":    "GET / HTTP/1.1\nHost: x\n" + strings.Repeat("a:\n", 200),
		"with blank lines before it":         "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na\r\n\r\nGET / HTTP/1.1\r\n" + many,
		"with a line that ends in \\r\\r\\n": "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("a: b\r\r\n", 200),
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, false, 4, http.HandlerFunc(echo))
			c := s.dial("127.0.0.1")
			fmt.Fprint(c, text)
			s.eventually("it is refused", func() bool { return s.closed("header_too_large") == 1 })
		})
	}
}

func TestAHeaderOfMoreThan16KiBIsRefused(t *testing.T) {
	s := serve(t, false, 4, http.HandlerFunc(echo))
	c := s.dial("127.0.0.1")
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("a", 17<<10))
	answer, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.Contains(answer, " 431 ") {
		t.Errorf("%q, %v", answer, err)
	}
}

func TestAFullListenerClosesWhoeverSaysLeast(t *testing.T) {
	half := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
	for name, test := range map[string]struct{ text, stage, reason string }{
		"silent ones":             {"", "silent", "made_room_silent"},
		"ones in their header":    {"POST / HTTP", "header", "made_room_header"},
		"ones in their body":      {half, "body", "made_room_body"},
		"ones that send one byte": {"P", "header", "made_room_header"},
		"ones that speak HTTP/2":  {"PRI * HTTP/2.0\r\n", "header", "made_room_header"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const size = 8
			s := serve(t, false, size, http.HandlerFunc(echo))
			for range size {
				fmt.Fprint(s.dial("127.0.0.1"), test.text)
			}
			s.stage(test.stage, size)
			for range 3 {
				if got, err := get(s.dial("127.0.0.1"), "hello"); err != nil || got != "hello" {
					t.Fatalf("a newcomer: %q, %v", got, err)
				}
			}
			if n := s.closed(test.reason); n != 3 {
				t.Errorf("%v had to leave", n)
			}
		})
	}
}

func TestWhoeverHasMoreThanItsShareLeavesFirst(t *testing.T) {
	const size = 80
	s := serve(t, false, size, http.HandlerFunc(echo))
	modest := s.dial("127.0.0.2")
	fmt.Fprint(modest, "POST / HTTP/1.1\r\n")
	s.stage("header", 1)
	// They come later, and do as much.
	for range size - 1 + 5 {
		fmt.Fprint(s.dial("127.0.0.3"), "POST / HTTP/1.1\r\n")
	}
	s.eventually("5 of the greedy leave", func() bool { return s.closed("made_room_header")+s.closed("made_room_silent") >= 5 })
	fmt.Fprint(modest, "Host: x\r\nContent-Length: 1\r\n\r\nb")
	if response, err := http.ReadResponse(bufio.NewReader(modest), nil); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("the modest one had to leave: %v", err)
	}
}

func TestARegularIsNeverClosedToMakeRoom(t *testing.T) {
	const size = 8
	for _, secure := range []bool{false, true} {
		s := serve(t, secure, size, http.HandlerFunc(echo))
		dial := func(from string) net.Conn {
			c := s.dial(from)
			if secure {
				return insecure(c)
			}
			return c
		}
		var regulars []net.Conn
		for n := range 6 {
			c := dial(fmt.Sprintf("127.0.0.%d", 1+n/2))
			if got, err := get(c, "hello"); err != nil || got != "hello" {
				t.Fatalf("TLS %t: %q, %v", secure, got, err)
			}
			regulars = append(regulars, c)
		}
		s.stage("idle", len(regulars))
		// One keeps us waiting, so that nobody can say that those who leave were only slower.
		fmt.Fprint(regulars[0], "POST / HTTP/1.1\r\n")
		s.stage("header", 1)
		for range 5 * size {
			s.dial("127.0.0.9")
		}
		s.eventually("others make room", func() bool { return s.closed("made_room_silent") >= 4*size })
		fmt.Fprint(regulars[0], "Host: x\r\nContent-Length: 5\r\n\r\nhello")
		for n, c := range regulars {
			if n == 0 {
				response, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					t.Fatalf("TLS %t: the one that was slow: %v", secure, err)
				}
				response.Body.Close()
			} else if _, err := get(c, "hello"); err != nil {
				t.Errorf("TLS %t: regular %d: %v", secure, n, err)
			}
		}
	}
}

func TestWhoeverMayNotStayIsToldWithTheAnswer(t *testing.T) {
	const size = 16
	for name, test := range map[string]struct {
		// sources are whose connections stay, so many each.
		sources, each int
		newcomer      string
		path          string
		closes        bool
	}{
		"the first of a source":                     {1, 4, "127.0.0.9", "/", false},
		"one more than a quarter of one source":     {1, 4, "127.0.0.1", "/", true},
		"one more than three quarters of all":       {3, 4, "127.0.0.9", "/", true},
		"somebody who asks for what there is not":   {0, 0, "127.0.0.9", "/nothing", true},
		"the last quarter, from one more source":    {2, 4, "127.0.0.9", "/", false},
		"one who comes when others of it have left": {1, 3, "127.0.0.1", "/", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, false, size, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					http.NotFound(w, r)
				}
			}))
			ask := func(from, path string) *http.Response {
				c := s.dial(from)
				fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)
				response, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				return response
			}
			for source := range test.sources {
				for range test.each {
					if ask(fmt.Sprintf("127.0.0.%d", 1+source), "/").Close {
						t.Error("one of the first may not stay")
					}
				}
			}
			if got := ask(test.newcomer, test.path).Close; got != test.closes {
				t.Errorf("asked to close: %t", got)
			}
		})
	}
}

func TestNobodyLeavesWhomWeKeepWaiting(t *testing.T) {
	const size = 3
	entered, read := make(chan struct{}, size+1), make(chan struct{})
	// The handler is late to read the body, as when there is no memory for it.
	s := serve(t, true, size, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		<-read
		echo(w, r)
	}))
	answers := make(chan error, size+1)
	for _, length := range []int{10, 9_000, 100_000} {
		go func() {
			_, err := get(insecure(s.dial("127.0.0.1")), strings.Repeat("a", length))
			answers <- err
		}()
		<-entered
	}
	newcomer := insecure(s.dial("127.0.0.1"))
	go func() {
		_, err := get(newcomer, "hello")
		answers <- err
	}()
	// Longer than anyone may stay who keeps us waiting.
	timer := time.NewTimer(1200 * time.Millisecond)
	select {
	case err := <-answers:
		t.Fatalf("somebody had to leave: %v", err)
	case <-timer.C:
	}
	close(read)
	for range size + 1 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

func TestNobodyLeavesWhoseRequestIsBeingAnswered(t *testing.T) {
	const size = 3
	entered, leave := make(chan struct{}, size+1), make(chan struct{})
	s := serve(t, false, size, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		entered <- struct{}{}
		<-leave
		_, _ = w.Write(body)
	}))
	answers := make(chan error, size+1)
	ask := func(c net.Conn) {
		got, err := get(c, "hello")
		if err == nil && got != "hello" {
			err = fmt.Errorf("answered %q", got)
		}
		answers <- err
	}
	for range size {
		go ask(s.dial("127.0.0.1"))
		<-entered
	}
	go ask(s.dial("127.0.0.1"))
	time.Sleep(50 * time.Millisecond)
	close(leave)
	for range size + 1 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

func TestAClientThatNeverReadsDoesNotDelayTheEnd(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := serve(t, secure, 64, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 64<<20))
		}))
		for range 20 {
			c := s.dial("127.0.0.1")
			if secure {
				c = insecure(c)
			}
			fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		}
		s.stage("answer", 20)
		begin := time.Now()
		s.server.End(2 * time.Second)
		if took := time.Since(begin); took > 4*time.Second {
			t.Errorf("TLS %t: it took %v", secure, took)
		}
	}
}

func TestNoListenerSpeaksHTTP2(t *testing.T) {
	s := serve(t, false, 4, http.HandlerFunc(echo))
	c := s.dial("127.0.0.1")
	fmt.Fprint(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	answer, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.HasPrefix(answer, "HTTP/1.1 ") {
		t.Errorf("%q, %v", answer, err)
	}
}
