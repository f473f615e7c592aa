package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/probe-injector/probe-injector/test/server"
)

const (
	// drainDuration is how long the server serves after SIGTERM, and drainCreates how long Pods are created meanwhile:
	// it ends so early that even a slow create is answered before the server ends.
	drainDuration = 6 * time.Second
	drainCreates  = 3 * time.Second
	// drainCreators create Pods at the same time.
	drainCreators = 3
	// leastDuringDrain is how many Pods have to be created during the drain, for the test to mean anything.
	leastDuringDrain = 10
)

// drained ends a server by SIGTERM while Pods are created, and shows that each of them gets its probes although the API
// server knows no other server, and that every connection is asked to close.
func (c *cluster) drained(t *testing.T) {
	webhook := startServer(t, "", server.Options{DrainDuration: drainDuration})
	c.install(t, "{webhook: {timeoutSeconds: 10}}", webhook)
	if closes := reviewed(t, webhook); closes {
		t.Error("it asks to close connections before the drain")
	}
	var created atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var creating sync.WaitGroup
	for range drainCreators {
		creating.Go(func() {
			for ctx.Err() == nil && c.createProbed(t) {
				created.Add(1)
			}
		})
	}
	// Connections are warm when the drain begins.
	waitFor(t, "the first Pods", func() bool { return created.Load() >= drainCreators })

	begin := time.Now()
	if err := webhook.Process().Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the drain", func() bool { return counted(t, webhook, "probe_injector_draining", nil) == 1 })
	before := created.Load()
	if err := webhook.Ready(t.Context()); err == nil {
		t.Error("it says that it is ready")
	}
	for range 3 {
		if closes := reviewed(t, webhook); !closes {
			t.Error("it does not ask to close the connection")
		}
	}
	<-time.After(drainCreates - time.Since(begin))
	stop()
	creating.Wait()
	if !webhook.Process().Running() {
		t.Fatal("it ended before its drain did, or creating took too long")
	}
	during := created.Load() - before
	t.Logf("%d Pods created during the drain, all with probes", during)
	if during < leastDuringDrain {
		t.Errorf("only %d Pods were created during the drain: the property is hardly tested", during)
	}
	waitFor(t, "the end of the server", func() bool { return !webhook.Process().Running() })
	if took := time.Since(begin); took < drainDuration || !webhook.Process().State().Success() {
		t.Errorf("it ended after %v: %v", took, webhook.Process().State())
	}
}

// createProbed creates a Pod on dry run and reports whether it got its probes.
func (c *cluster) createProbed(t *testing.T) bool {
	manifest := manifestOf(`{name: drain, annotations: {probe-injector.dev/liveness: /livez}}`, "{containers: ["+web+"]}")
	created, err := c.try(t.Context(), plain, manifest)
	if err != nil {
		t.Errorf("a Pod is refused: %v", err)
		return false
	}
	if got := probesOf(&created.pod); len(got) != 2 {
		t.Errorf("a Pod has only %q", got)
		return false
	}
	return true
}

// reviewed sends a review as the API server does, and reports whether the answer asks to close the connection.
func reviewed(t *testing.T, webhook *server.Server) bool {
	t.Helper()
	review := admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID: "1", Operation: admissionv1.Create, Resource: metav1.GroupVersionResource{Version: "v1", Resource: "pods"},
			Object: runtime.RawExtension{Raw: []byte(`{"metadata":{"annotations":{"probe-injector.dev/liveness":"tcp:80"}},"spec":{"containers":[{"name":"web"}]}}`)},
		},
	}
	body, err := json.Marshal(review)
	if err != nil {
		t.Fatal(err)
	}
	response, err := webhook.Client().Post(webhook.URL("/mutate/annotated"), "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer admissionv1.AdmissionReview
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || answer.Response == nil || !answer.Response.Allowed || len(answer.Response.Patch) == 0 {
		t.Errorf("it answers %s: %+v", response.Status, answer.Response)
	}
	return response.Close
}

// waitFor waits until something has come true.
func waitFor(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !isSo(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
