package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
)

const serviceName = "probe-injector.probes.svc"

// waitBudget bounds every wait of the tests; nothing takes nearly as long.
const waitBudget = 20 * time.Second

// logBuffer is what the process wrote, while it goes on writing.
type logBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.Write(p)
}

func (l *logBuffer) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.buffer.String()
}

// running is a process of ours inside the test.
type running struct {
	t      *testing.T
	review string
	health string
	scrape string
	log    *logBuffer
	client *http.Client
	// end sends what SIGTERM does, and ended gets what run returned.
	end   context.CancelFunc
	ended chan error
}

// start runs the server with a certificate of its own and waits until it is ready.
func start(t *testing.T, flags ...string) *running {
	t.Helper()
	dir := t.TempDir()
	roots := writeCertificate(t, dir)
	r := begin(t, append([]string{"--cert-dir=" + dir, "--dns-names=" + serviceName}, flags...)...)
	r.client = &http.Client{Timeout: waitBudget, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: serviceName}}}
	t.Cleanup(r.client.CloseIdleConnections)
	r.eventually("the server is ready", func() bool {
		status, _ := r.get(r.health + "/readyz")
		return status == http.StatusOK
	})
	return r
}

// begin runs the server on free ports.
func begin(t *testing.T, flags ...string) *running {
	t.Helper()
	addresses := freeAddresses(t, 3)
	r := &running{
		t:      t,
		review: "https://" + addresses[0],
		health: "http://" + addresses[1],
		scrape: "http://" + addresses[2] + "/metrics",
		log:    &logBuffer{},
		ended:  make(chan error, 1),
	}
	var ctx context.Context
	ctx, r.end = context.WithCancel(t.Context())
	args := append([]string{
		"--listen-address=" + addresses[0], "--health-address=" + addresses[1], "--metrics-address=" + addresses[2],
		"--drain-duration=300ms",
	}, flags...)
	go func() { r.ended <- run(ctx, args, io.Discard, r.log) }()
	t.Cleanup(func() {
		r.end()
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	return r
}

// writeKubeconfig writes a kubeconfig of an API server that does not answer.
func writeKubeconfig(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	writeFile(t, path, []byte(`{"apiVersion":"v1","kind":"Config","current-context":"c",
		"clusters":[{"name":"c","cluster":{"server":"https://127.0.0.1:1"}}],"users":[{"name":"c","user":{}}],
		"contexts":[{"name":"c","context":{"cluster":"c","user":"c"}}]}`))
	return path
}

// eventually waits for a condition.
func (r *running) eventually(what string, condition func() bool) {
	r.t.Helper()
	for end := time.Now().Add(waitBudget); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if condition() {
			return
		}
	}
	r.t.Fatalf("never: %s\n%s", what, r.log.String())
}

func (r *running) get(url string) (status int, body string) {
	r.t.Helper()
	response, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(data)
}

// post sends a review of a Pod with one port that asks for probes.
func (r *running) post() (*http.Response, *admissionv1.AdmissionResponse) {
	r.t.Helper()
	const review = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1",
		"resource":{"group":"","version":"v1","resource":"pods"},"operation":"CREATE","namespace":"shop",
		"object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","annotations":{"probe-injector.dev/inject":"true","probe-injector.dev/startup-budget":"10m"}},
		"spec":{"restartPolicy":"Always","containers":[{"name":"web","image":"web:1","ports":[{"containerPort":8080,"protocol":"TCP"}]}]}}}}`
	response, err := r.client.Post(r.review+"/mutate/annotated", "application/json", strings.NewReader(review))
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer admissionv1.AdmissionReview
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		r.t.Fatal(err)
	}
	if answer.Response == nil || !answer.Response.Allowed || answer.Response.UID != "1" {
		r.t.Fatalf("status %d, response %+v", response.StatusCode, answer.Response)
	}
	return response, answer.Response
}

// wait returns what run returned.
func (r *running) wait() error {
	r.t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(waitBudget):
		r.t.Fatal("the process does not end")
		return nil
	}
}

func freeAddresses(t *testing.T, n int) []string {
	t.Helper()
	var addresses []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

func writeCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{serviceName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "tls.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	writeFile(t, filepath.Join(dir, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	return roots
}

func writeFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
