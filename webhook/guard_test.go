package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/webhook"
)

func TestAPanicIsAnsweredCountedAndLoggedAndTheNextReviewIsServed(t *testing.T) {
	fail := true
	s := newServer(t, decide(func(s policy.Subject) policy.Decision {
		if fail {
			panic(errors.New("no container of that name"))
		}
		return usual(s)
	}), func(o *webhook.Options) { o.MaxConcurrentReviews = 1 })
	body := reviewOf(t, webPod(1))

	w := s.post(body)

	if w.Code != http.StatusInternalServerError {
		t.Fatalf("status %d", w.Code)
	}
	wantStatusBody(t, w)
	if got := s.counter(t, "probe_injector_errors_total", "stage", "panic"); got != 1 {
		t.Errorf("%v panics counted", got)
	}
	if log := s.log.String(); !strings.Contains(log, "no container of that name") || !strings.Contains(log, "guard_test.go") {
		t.Errorf("no stack in the log: %s", log)
	}
	fail = false
	if w := s.post(body); w.Code != http.StatusOK {
		t.Errorf("the next review: status %d; its slot is gone", w.Code)
	}
	for _, gauge := range []string{"probe_injector_bytes_in_flight", "probe_injector_reviews_in_flight"} {
		if got := s.counter(t, gauge); got != 0 {
			t.Errorf("%s %v after all is done", gauge, got)
		}
	}
}

func TestDrainingClosesConnectionsWhateverTheAnswer(t *testing.T) {
	s := newServer(t, decide(eager))
	body := reviewOf(t, webPod(1))
	if got := s.post(body).Header().Get("Connection"); got != "" {
		t.Errorf("Connection: %s before the drain", got)
	}
	s.Drain()
	for _, b := range [][]byte{body, []byte("{")} {
		if got := s.post(b).Header().Get("Connection"); got != "close" {
			t.Errorf("Connection: %q during the drain", got)
		}
	}
	if got := s.counter(t, "probe_injector_draining"); got != 1 {
		t.Errorf("the gauge is %v", got)
	}
}

func TestReviewsAreAnsweredWhenTheirContextHasEnded(t *testing.T) {
	s := newServer(t, decide(usual))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest(http.MethodPost, webhook.PathAnnotated, bytes.NewReader(reviewOf(t, webPod(1)))).WithContext(ctx)
	r.Header.Set("Content-Type", "application/json")
	if got := response(t, serveHTTP(s.Handler, r)); got.Patch == nil {
		t.Error("no patch")
	}
}

func TestAnAnnouncedLengthIsRefusedBeforeItIsRead(t *testing.T) {
	s := newServer(t, decide(eager))
	r := httptest.NewRequest(http.MethodPost, webhook.PathAnnotated, unreadable{t})
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = webhook.MaxBodyBytes + 1
	if got := serveHTTP(s.Handler, r).Code; got != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", got)
	}
}

// unreadable is a body that nobody may read.
type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, io.EOF
}

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	s := newServer(t, decide(eager))
	body := reviewOf(t, webPod(1))
	for _, cut := range []int{0, 1, len(body) / 2} {
		r := httptest.NewRequest(http.MethodPost, webhook.PathAnnotated, io.MultiReader(bytes.NewReader(body[:cut]), broken{}))
		r.Header.Set("Content-Type", "application/json")
		w := serveHTTP(s.Handler, r)
		if w.Code != http.StatusBadRequest {
			t.Errorf("status %d after %d bytes", w.Code, cut)
		}
		wantStatusBody(t, w)
	}
	if got := s.counter(t, "probe_injector_rejected_requests_total", "stage", "read"); got != 3 {
		t.Errorf("%v counted", got)
	}
	if got := s.counter(t, "probe_injector_bytes_in_flight"); got != 0 {
		t.Errorf("%v bytes are still held", got)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestASlowBodyIsGivenUp(t *testing.T) {
	t.Parallel()
	s := newServer(t, decide(eager))
	listening := httptest.NewServer(s.Handler)
	defer listening.Close()
	connection, err := net.Dial("tcp", listening.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	begin := time.Now()
	fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", webhook.PathAnnotated)
	answer, err := io.ReadAll(connection)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took < 900*time.Millisecond || took > 5*time.Second {
		t.Errorf("given up after %s", took)
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 400 ")) {
		t.Errorf("answer %s", answer)
	}
}

func TestReviewsDoNotSeeEachOthersBodies(t *testing.T) {
	s := newServer(t, decide(func(s policy.Subject) policy.Decision {
		return policy.Decision{Asked: true, Status: s.Pod.Metadata.Name}
	}))
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 100 {
				pod := webPod((worker*7 + i) % 60)
				pod.Name = fmt.Sprintf("pod-%d-%d", worker, i)
				if got := response(t, s.post(reviewOf(t, pod))); !bytes.Contains(got.Patch, []byte(`"`+pod.Name+`"`)) {
					t.Errorf("%s is answered with %s", pod.Name, got.Patch)
				}
			}
		})
	}
	group.Wait()
}

// waitUntil waits for a condition.
func waitUntil(t *testing.T, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatal("it never happens")
}
