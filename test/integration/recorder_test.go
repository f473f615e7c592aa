package integration

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/certificate"
)

// recorder is a webhook that allows everything and remembers which Pod was sent to which path.
type recorder struct {
	authority *certificate.Authority
	address   string

	mu    sync.Mutex
	paths map[string][]string
}

// newRecorder starts a recorder that lives as long as the test.
func newRecorder(t *testing.T) *recorder {
	t.Helper()
	authority, err := certificate.NewAuthority("recorder of a test")
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := authority.Sign(time.Hour, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := leaf.TLS()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{authority: authority, address: listener.Addr().String(), paths: map[string][]string{}}
	server := &http.Server{
		Handler:   r,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}},
		// The API server drops its connections when a configuration changes; that is of no interest.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() {
		if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the recorder ended: %v", err)
		}
	}()
	t.Cleanup(func() { server.Close() })
	return r
}

// ServeHTTP answers a review without looking at the Pod.
func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var review struct {
		Request struct {
			UID, Name, Namespace string
		}
	}
	if err := json.NewDecoder(request.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	pod := review.Request.Namespace + "/" + review.Request.Name
	r.mu.Lock()
	r.paths[pod] = append(r.paths[pod], request.URL.Path)
	r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":%q,"allowed":true}}`, review.Request.UID)
}

// take returns the paths that a Pod was sent to, in order, and forgets them.
func (r *recorder) take(namespace, name string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	pod := namespace + "/" + name
	defer delete(r.paths, pod)
	return r.paths[pod]
}
