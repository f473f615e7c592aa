package listen_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// waitBudget bounds every wait; nothing takes nearly as long.
const waitBudget = 20 * time.Second

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

func TestAClientThatNeverReadsDoesNotDelayTheEnd(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := serve(t, secure, 64, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 64<<20))
		}))
		for range 20 {
			c := s.connect("127.0.0.1")
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
