package webhook_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/webhook"
)

// deaf is a client that does not read its answer, until its connection ends.
type deaf struct {
	*httptest.ResponseRecorder
	writing chan struct{}
	ended   chan struct{}
	once    sync.Once
}

func newDeaf() *deaf {
	return &deaf{ResponseRecorder: httptest.NewRecorder(), writing: make(chan struct{}), ended: make(chan struct{})}
}

func (d *deaf) Write([]byte) (int, error) {
	close(d.writing)
	<-d.ended
	return 0, os.ErrDeadlineExceeded
}

func (d *deaf) SetReadDeadline(time.Time) error { return nil }

func (d *deaf) SetWriteDeadline(time.Time) error {
	d.once.Do(func() { close(d.ended) })
	return nil
}

// wordy is an engine whose answers are long.
func wordy(s policy.Subject) policy.Decision {
	d := policy.Decision{Asked: true}
	for i, c := range s.Pod.Spec.Containers {
		at := policy.ContainerRef{Name: c.Name, Index: i}
		d.Injections = append(d.Injections, policy.Injection{Container: at, Kind: probe.Readiness, Probe: tcpProbe(1), Source: policy.SourceInference})
	}
	return d
}

func manyContainers(t *testing.T) []byte {
	t.Helper()
	pod := webPod(0)
	for i := range 200 {
		c := pod.Spec.Containers[0]
		c.Name = fmt.Sprintf("another-%d", i)
		pod.Spec.Containers = append(pod.Spec.Containers, c)
	}
	return reviewOf(t, pod)
}

func request(body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, webhook.PathAnnotated, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestALargeAnswerHoldsMemoryUntilItIsRead(t *testing.T) {
	s := newServer(t, decide(wordy), func(o *webhook.Options) { o.MaxInFlightBytes = 2 * webhook.MaxBodyBytes })
	body := manyContainers(t)
	answer := s.post(body).Body.Len()
	if answer < 32<<10 {
		t.Fatalf("the answer has only %d bytes", answer)
	}
	var clients []*deaf
	var done sync.WaitGroup
	for range 10 {
		client := newDeaf()
		clients = append(clients, client)
		done.Go(func() { s.ServeHTTP(client, request(body)) })
		<-client.writing
	}
	if got, want := s.counter(t, "probe_injector_bytes_in_flight"), float64(len(clients)*answer); got != want {
		t.Errorf("%v bytes are held for answers of %v", got, want)
	}
	for _, client := range clients {
		_ = client.SetWriteDeadline(time.Now())
	}
	done.Wait()
	if got := s.counter(t, "probe_injector_bytes_in_flight"); got != 0 {
		t.Errorf("%v bytes are held afterwards", got)
	}
}

func TestWhoeverReadsNoAnswerIsEndedForOthers(t *testing.T) {
	s := newServer(t, decide(wordy), func(o *webhook.Options) { o.MaxInFlightBytes = 2 * webhook.MaxBodyBytes })
	body := manyContainers(t)
	var done sync.WaitGroup
	ended := 0
	var clients []*deaf
	// Each answer holds 50 KiB at least, so that these are more than there is memory for.
	for range 2 * webhook.MaxBodyBytes / (50 << 10) {
		client := newDeaf()
		clients = append(clients, client)
		done.Go(func() { s.ServeHTTP(client, request(body)) })
		select {
		case <-client.writing:
		case <-time.After(5 * time.Second):
			t.Fatal("there is no memory for one more")
		}
	}
	for _, client := range clients {
		select {
		case <-client.ended:
			ended++
		default:
		}
	}
	if ended == 0 {
		t.Error("nobody was ended: the property is not tested")
	}
	if w := s.post(body); w.Code != http.StatusOK {
		t.Errorf("status %d beside them", w.Code)
	}
	for _, client := range clients {
		_ = client.SetWriteDeadline(time.Now())
	}
	done.Wait()
	if got := s.counter(t, "probe_injector_errors_total"); got != 0 {
		t.Errorf("%v reviews failed", got)
	}
}

// counting counts what is read of it.
type counting struct {
	io.Reader
	read int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += n
	return n, err
}

// A client that is still sending when it is refused would see a reset instead of the answer.
func TestABodyThatIsRefusedForOverloadIsReadToItsEnd(t *testing.T) {
	engine := newBlocking()
	s := newServer(t, engine, func(o *webhook.Options) { o.MaxInFlightBytes = 2 * webhook.MaxBodyBytes })
	large := reviewOf(t, webPod(1))
	large = append(large, bytes.Repeat([]byte(" "), webhook.MaxBodyBytes-len(large))...)
	first := s.postAsync(large)
	<-engine.entered
	body := &counting{Reader: bytes.NewReader(large)}
	r := request(nil)
	r.Body, r.ContentLength = io.NopCloser(body), int64(len(large))

	w := serveHTTP(s.Handler, r)

	if w.Code != http.StatusServiceUnavailable || body.read != len(large) {
		t.Errorf("status %d after %d of %d bytes", w.Code, body.read, len(large))
	}
	close(engine.leave)
	if got := <-first; got != http.StatusOK {
		t.Errorf("the first: status %d", got)
	}
}
