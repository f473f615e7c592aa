package webhook_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/webhook"
)

func TestAClientThatOnlyAnnouncesHoldsNothing(t *testing.T) {
	s := newServer(t, decide(usual))
	for range 50 {
		reader, writer := io.Pipe()
		defer writer.Close()
		r := httptest.NewRequest(http.MethodPost, webhook.PathAnnotated, reader)
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = webhook.MaxBodyBytes
		go s.ServeHTTP(httptest.NewRecorder(), r)
	}
	waitUntil(t, func() bool { return s.counter(t, "probe_injector_reviews_in_flight") == 50 })
	if got := s.counter(t, "probe_injector_bytes_in_flight"); got != 0 {
		t.Errorf("%v bytes held for clients that sent nothing", got)
	}
	if w := s.post(reviewOf(t, webPod(1))); w.Code != http.StatusOK {
		t.Errorf("status %d beside them", w.Code)
	}
}

func TestAClientHoldsNoMoreThanFourTimesWhatItSent(t *testing.T) {
	s := newServer(t, decide(usual))
	reader, writer := io.Pipe()
	r := httptest.NewRequest(http.MethodPost, webhook.PathAnnotated, reader)
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = webhook.MaxBodyBytes
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeHTTP(httptest.NewRecorder(), r)
	}()
	sent := 0
	for sent < 1<<20 {
		n, err := writer.Write(bytes.Repeat([]byte(" "), 10_000))
		if err != nil {
			t.Fatal(err)
		}
		sent += n
		// While a buffer grows, both sizes are held: 4 + 1.
		if got := s.counter(t, "probe_injector_bytes_in_flight"); got > float64(5*sent+64<<10) {
			t.Fatalf("%v bytes held for %d", got, sent)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	<-done
}

func TestMemoryThatIsUsedUpIsWaitedForAndThenRefused(t *testing.T) {
	engine := newBlocking()
	s := newServer(t, engine, func(o *webhook.Options) { o.MaxInFlightBytes = 2 * webhook.MaxBodyBytes })
	large := reviewOf(t, webPod(1))
	large = append(large, bytes.Repeat([]byte(" "), webhook.MaxBodyBytes-len(large))...)
	first := s.postAsync(large)
	<-engine.entered

	begin := time.Now()
	w := s.post(large)

	if w.Code != http.StatusServiceUnavailable {
		t.Fatalf("status %d", w.Code)
	}
	wantStatusBody(t, w)
	if took := time.Since(begin); took < 400*time.Millisecond || took > 3*time.Second {
		t.Errorf("refused after %s", took)
	}
	if got := s.counter(t, "probe_injector_errors_total", "stage", "budget"); got != 1 {
		t.Errorf("%v counted", got)
	}
	second := s.postAsync(large)
	time.Sleep(50 * time.Millisecond)
	close(engine.leave)
	if got := <-first; got != http.StatusOK {
		t.Errorf("the first: status %d", got)
	}
	if got := <-second; got != http.StatusOK {
		t.Errorf("the one that waited: status %d", got)
	}
}

func TestSlotsAreWaitedForAndThenRefused(t *testing.T) {
	engine := newBlocking()
	s := newServer(t, engine, func(o *webhook.Options) { o.MaxConcurrentReviews = 2 })
	body := reviewOf(t, webPod(1))
	first, second := s.postAsync(body), s.postAsync(body)
	<-engine.entered
	<-engine.entered

	begin := time.Now()
	w := s.post(body)

	if w.Code != http.StatusServiceUnavailable {
		t.Fatalf("status %d", w.Code)
	}
	wantStatusBody(t, w)
	if took := time.Since(begin); took < 400*time.Millisecond || took > 3*time.Second {
		t.Errorf("refused after %s", took)
	}
	if got := s.counter(t, "probe_injector_reviews_total", "route", "annotated", "result", "overloaded"); got != 1 {
		t.Errorf("%v counted", got)
	}
	third := s.postAsync(body)
	time.Sleep(50 * time.Millisecond)
	close(engine.leave)
	for _, status := range []<-chan int{first, second, third} {
		if got := <-status; got != http.StatusOK {
			t.Errorf("status %d", got)
		}
	}
}

func TestAClientThatSendsSlowlyHoldsNoSlot(t *testing.T) {
	s := newServer(t, decide(usual), func(o *webhook.Options) { o.MaxConcurrentReviews = 1 })
	body := reviewOf(t, webPod(1))
	reader, writer := io.Pipe()
	r := httptest.NewRequest(http.MethodPost, webhook.PathAnnotated, reader)
	r.Header.Set("Content-Type", "application/json")
	slow := make(chan int, 1)
	go func() { slow <- serveHTTP(s.Handler, r).Code }()
	if _, err := writer.Write(body[:len(body)/2]); err != nil {
		t.Fatal(err)
	}
	if w := s.post(body); w.Code != http.StatusOK {
		t.Errorf("status %d beside a slow client", w.Code)
	}
	if _, err := writer.Write(body[len(body)/2:]); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-slow; got != http.StatusOK {
		t.Errorf("the slow client: status %d", got)
	}
}

// Reviews that wait for memory while they are decoded keep no slot, so that they keep nobody else waiting.
func TestWhoeverWaitsForMemoryHoldsNoSlot(t *testing.T) {
	engine := newBlocking()
	s := newServer(t, engine, func(o *webhook.Options) {
		o.MaxConcurrentReviews = 2
		o.MaxInFlightBytes = 2 * webhook.MaxBodyBytes
	})
	// One that was read holds two thirds of the memory for large reviews, so that the next ones have to wait.
	large := reviewOf(t, webPod(1))
	large = append(large, bytes.Repeat([]byte(" "), webhook.MaxBodyBytes-len(large))...)
	first := s.postAsync(large)
	<-engine.entered
	many := around(`{"metadata":{"annotations":{"probe-injector.dev/inject":"true"}},"spec":{"containers":[` +
		strings.TrimSuffix(strings.Repeat(`{"name":"a"},`, 4_500), ",") + `]}}`)
	var waiting []<-chan int
	for range 6 {
		waiting = append(waiting, s.postAsync(many))
	}
	usual := s.postAsync(reviewOf(t, webPod(1)))
	select {
	case <-engine.entered:
	case <-time.After(5 * time.Second):
		t.Error("the usual review found no slot")
	}
	close(engine.leave)
	for _, status := range append(waiting, first, usual) {
		<-status
	}
}

// blocking is an engine in which reviews wait until they are let go.
type blocking struct {
	entered chan struct{}
	leave   chan struct{}
}

func newBlocking() *blocking {
	return &blocking{entered: make(chan struct{}, 100), leave: make(chan struct{})}
}

func (b *blocking) Decide(policy.Subject) policy.Decision {
	b.entered <- struct{}{}
	<-b.leave
	return policy.Decision{}
}

// postAsync posts and returns the status later.
func (s *server) postAsync(body []byte) <-chan int {
	status := make(chan int, 1)
	go func() { status <- s.post(body).Code }()
	return status
}
