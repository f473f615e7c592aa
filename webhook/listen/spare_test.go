package listen_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

// longerThanARequest is more than a header, and a whole request with its answer, may take.
const longerThanARequest = 11 * time.Second

// An API server that gets several requests at once opens a connection for each, and keeps those that it did not need. One that we
// closed while it sends a review on it would lose the review.
func TestAConnectionThatWasOpenedAheadWaitsForItsFirstRequest(t *testing.T) {
	tests := map[string]func(t *testing.T, s *served, c net.Conn){
		"is answered, and stays": func(t *testing.T, _ *served, c net.Conn) {
			for range 3 {
				if got, err := get(c, "hello"); err != nil || got != "hello" {
					t.Fatalf("%q, %v", got, err)
				}
			}
		},
		"has the time of a header from its first byte": func(t *testing.T, _ *served, c net.Conn) {
			fmt.Fprint(c, "POST / HTTP/1.1\r\n")
			time.Sleep(2 * time.Second)
			fmt.Fprint(c, "Host: x\r\nContent-Length: 0\r\n\r\n")
			response, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
		},
		"has no more time for its header than others": func(t *testing.T, s *served, c net.Conn) {
			fmt.Fprint(c, "POST / HTTP/1.1\r\n")
			isClosedWithin(t, c, 7*time.Second)
			s.eventually("it took too long", func() bool { return s.closed("header_timeout") == 1 })
		},
		"has no more time for its body than others": func(t *testing.T, s *served, c net.Conn) {
			fmt.Fprint(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
			isClosedWithin(t, c, longerThanARequest+2*time.Second)
			s.eventually("it took too long", func() bool { return s.closed("body_timeout") == 1 })
		},
		"does not delay the end": func(t *testing.T, s *served, c net.Conn) {
			begin := time.Now()
			s.server.End(waitBudget)
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			isClosedWithin(t, c, time.Second)
		},
	}
	servers, ahead := map[string]*served{}, map[string]net.Conn{}
	for name := range tests {
		servers[name] = serve(t, true, 4, http.HandlerFunc(echo))
		ahead[name] = servers[name].openedAhead()
	}
	time.Sleep(longerThanARequest)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if n := servers[name].closed("header_timeout"); n != 0 {
				t.Fatal("it took too long")
			}
			if err := ahead[name].SetDeadline(time.Now().Add(waitBudget)); err != nil {
				t.Fatal(err)
			}
			test(t, servers[name], ahead[name])
		})
	}
}

func TestConnectionsThatWereOpenedAheadMakeRoom(t *testing.T) {
	const size = 8
	s := serve(t, true, size, http.HandlerFunc(echo))
	for range size {
		s.openedAhead()
	}
	s.stage("spare", size)
	if got, err := get(s.connect("127.0.0.1"), "hello"); err != nil || got != "hello" {
		t.Fatalf("a newcomer: %q, %v", got, err)
	}
	if n := s.closed("made_room_header"); n != 1 {
		t.Errorf("%v had to leave", n)
	}
}

// openedAhead is a connection that has made its handshake.
func (s *served) openedAhead() net.Conn {
	s.t.Helper()
	c := s.connect("127.0.0.1")
	if err := c.(*tls.Conn).HandshakeContext(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// isClosedWithin waits until the server closes a connection, whatever it says before.
func isClosedWithin(t *testing.T, c net.Conn, most time.Duration) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(most)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it is still open after %v", most)
	}
}
