package listen_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAFullListenerClosesWhoeverSaysLeast(t *testing.T) {
	half := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
	wrong := "POST /nothing HTTP/1.1\r\nHost: x\r\n"
	for name, test := range map[string]struct{ text, stage, reason string }{
		"silent ones":                                     {"", "silent", "made_room_silent"},
		"ones in their header":                            {"POST / HTTP", "header", "made_room_header"},
		"ones in their body":                              {half, "body", "made_room_body"},
		"ones that send one byte":                         {"P", "header", "made_room_header"},
		"ones that speak HTTP/2":                          {"PRI * HTTP/2.0\r\n", "header", "made_room_header"},
		"ones that were told to continue and do not":      {"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n", "body", "made_room_body"},
		"ones that were answered before their body":       {wrong + "Content-Length: 9\r\n\r\n", "body", "made_room_body"},
		"ones that were answered before the first chunk":  {wrong + "Transfer-Encoding: chunked\r\n\r\n", "body", "made_room_body"},
		"ones whose method was refused before their body": {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", "body", "made_room_body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const size = 8
			s := serve(t, false, size, http.HandlerFunc(echoPosts))
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

// A client that is told to go while it still has something to send keeps its place until net/http is sure that it could
// read why. Many of those, who come again at once, must not hold the room.
func TestWhoeverWasToldToGoMakesRoom(t *testing.T) {
	const size, strangers = 8, 64
	for _, secure := range []bool{false, true} {
		s := serve(t, secure, size, http.HandlerFunc(echoPosts))
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for range strangers {
			running.Go(func() {
				for ctx.Err() == nil {
					wrong(ctx, s.server.Address(), secure)
				}
			})
		}
		s.eventually("those who were told to go make room", func() bool { return s.closed("made_room_farewell") > 2*size })
		if got, err := get(s.connect("127.0.0.9"), "hello"); err != nil || got != "hello" {
			t.Errorf("TLS %t, a newcomer: %q, %v", secure, got, err)
		}
		stop()
		running.Wait()
	}
}

// wrong asks for what there is not, announces a body that never comes, reads the answer and stays until it is closed.
func wrong(ctx context.Context, address string, secure bool) {
	dialer := net.Dialer{Timeout: waitBudget}
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	defer c.Close()
	if secure {
		c = insecure(c)
	}
	fmt.Fprint(c, "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
	_, _ = io.Copy(io.Discard, c)
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
		var regulars []net.Conn
		for n := range 6 {
			c := s.connect(fmt.Sprintf("127.0.0.%d", 1+n/2))
			if got, err := get(c, "hello"); err != nil || got != "hello" {
				t.Fatalf("TLS %t: %q, %v", secure, got, err)
			}
			regulars = append(regulars, c)
		}
		s.stage("idle", len(regulars))
		// One keeps us waiting, so that nobody can say that those who leave were only slower.
		fmt.Fprint(regulars[0], "POST / HTTP/1.1\r\n")
		s.stage("header", 1)
		for range 2 * size {
			s.dial("127.0.0.9")
		}
		s.eventually("others make room", func() bool { return s.closed("made_room_silent") >= size })
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
