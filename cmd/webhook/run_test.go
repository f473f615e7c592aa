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

// patience bounds every wait of the tests; nothing takes nearly as long.
const patience = 20 * time.Second

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
	addresses := freeAddresses(t, 3)
	r := &running{
		t:      t,
		review: "https://" + addresses[0],
		health: "http://" + addresses[1],
		scrape: "http://" + addresses[2] + "/metrics",
		log:    &logBuffer{},
		client: &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: serviceName}}},
		ended:  make(chan error, 1),
	}
	var ctx context.Context
	ctx, r.end = context.WithCancel(t.Context())
	args := append([]string{
		"--listen-address=" + addresses[0], "--health-address=" + addresses[1], "--metrics-address=" + addresses[2],
		"--cert-dir=" + dir, "--dns-names=" + serviceName, "--drain-duration=300ms",
	}, flags...)
	go func() { r.ended <- run(ctx, args, io.Discard, r.log) }()
	t.Cleanup(func() {
		r.end()
		r.client.CloseIdleConnections()
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	r.eventually("the server is ready", func() bool {
		status, _ := r.get(r.health + "/readyz")
		return status == http.StatusOK
	})
	return r
}

// eventually waits for a condition.
func (r *running) eventually(what string, condition func() bool) {
	r.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
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
	case <-time.After(patience):
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

const (
	injectPolicy = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {mode: Inject}\n"
	auditPolicy  = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {mode: Audit}\n"
)

func TestAReviewIsAnsweredOverTLS(t *testing.T) {
	r := start(t)
	response, answer := r.post()
	if response.Proto != "HTTP/1.1" || response.TLS.Version != tls.VersionTLS13 {
		t.Errorf("%s over %s", response.Proto, tls.VersionName(response.TLS.Version))
	}
	if len(answer.Patch) == 0 {
		t.Error("nothing was injected into a Pod that asks")
	}
	if status, body := r.get(r.health + "/healthz"); status != http.StatusOK {
		t.Errorf("healthz: %d %s", status, body)
	}
	status, body := r.get(r.scrape)
	if status != http.StatusOK {
		t.Fatalf("metrics: %d", status)
	}
	for _, want := range []string{
		`probe_injector_reviews_total{door="annotated",result="injected"} 1`,
		`probe_injector_policy_reloads_total{result="success"} 1`,
		`probe_injector_certificate_reloads_total{result="success"} 1`,
		`probe_injector_build_info{`,
		`controller_runtime_webhook_requests_total{code="200",webhook="/mutate/"} 1`,
		`go_memstats_heap_alloc_bytes`,
		`process_resident_memory_bytes`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no metric %s", want)
		}
	}
}

func TestAChangedPolicyIsInForceAndABrokenOneIsNot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policy.yaml")
	writeFile(t, file, []byte(injectPolicy))
	r := start(t, "--policy="+file)

	writeFile(t, file, []byte(auditPolicy))
	r.eventually("the audit policy is in force", func() bool {
		_, answer := r.post()
		return len(answer.Patch) == 0
	})

	writeFile(t, file, []byte("kind: [broken"))
	r.eventually("the broken policy is reported", func() bool {
		_, body := r.get(r.scrape)
		return strings.Contains(body, `probe_injector_policy_reloads_total{result="error"} 1`)
	})
	if _, answer := r.post(); len(answer.Patch) != 0 {
		t.Error("the last good policy is not in force any more")
	}
	if !strings.Contains(r.log.String(), "the policy was not reloaded") {
		t.Error("the log says nothing of it")
	}
}

func TestTheDrainServesAndClosesConnections(t *testing.T) {
	r := start(t, "--drain-duration=2s")
	if response, _ := r.post(); response.Close {
		t.Error("connections are closed before the drain")
	}

	r.end()

	r.eventually("readyz says that we drain", func() bool {
		status, body := r.get(r.health + "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "draining")
	})
	if response, _ := r.post(); !response.Close {
		t.Error("a connection stays open during the drain")
	}
	if _, body := r.get(r.scrape); !strings.Contains(body, "probe_injector_draining 1") {
		t.Error("the metric does not show the drain")
	}
	if err := r.wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
	if status, _ := r.get(r.health + "/healthz"); status != 0 {
		t.Error("health is still served")
	}
}

func TestAChangedCertificateIsServed(t *testing.T) {
	dir := t.TempDir()
	old := writeCertificate(t, dir)
	r := start(t, "--cert-dir="+dir)
	r.client.Transport.(*http.Transport).TLSClientConfig.RootCAs = old
	r.post()

	roots := writeCertificate(t, dir)

	r.eventually("the new certificate is served", func() bool {
		connection, err := tls.Dial("tcp", strings.TrimPrefix(r.review, "https://"), &tls.Config{RootCAs: roots, ServerName: serviceName})
		if err != nil {
			return false
		}
		return connection.Close() == nil
	})
}

func TestTheProcessDoesNotStart(t *testing.T) {
	certDir := t.TempDir()
	writeCertificate(t, certDir)
	broken := filepath.Join(t.TempDir(), "policy.yaml")
	writeFile(t, broken, []byte("apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {mode: Never, style: None}\n"))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	tests := map[string]struct {
		args []string
		want []string
	}{
		"with a policy that is wrong; it names all mistakes": {
			args: []string{"--cert-dir", certDir, "--policy", broken},
			want: []string{broken, "spec.mode", "spec.style"},
		},
		"with a policy that is not there": {
			args: []string{"--cert-dir", certDir, "--policy", filepath.Join(certDir, "none.yaml")},
			want: []string{"policy: open", "no such file"},
		},
		"without a certificate": {
			args: []string{"--cert-dir", t.TempDir()},
			want: []string{"certificate in", "no such file"},
		},
		"with an unknown flag": {
			args: []string{"--no-such-flag"},
			want: []string{"no-such-flag"},
		},
		"with flags that are wrong; it names all of them": {
			args: []string{"--tls-min-version=1.1", "--log-level=loud", "--log-format=xml", "--drain-duration=-1s", "more"},
			want: []string{"--tls-min-version", "--log-level", "--log-format", "--drain-duration", `"more"`},
		},
		"with limits that no review fits into": {
			args: []string{"--cert-dir", certDir, "--max-in-flight-bytes=1", "--max-concurrent-reviews=-1"},
			want: []string{"bytes in flight", "concurrent reviews"},
		},
		"with an address that is taken": {
			args: []string{"--cert-dir", certDir, "--health-address", taken.Addr().String()},
			want: []string{"--health-address", "address already in use"},
		},
		"with a port by name": {
			args: []string{"--cert-dir", certDir, "--listen-address", ":https"},
			want: []string{"the port must be a number"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := run(ctx, test.args, io.Discard, io.Discard)
			if err == nil {
				t.Fatal("it starts")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"policy", "listen-address", "cert-dir", "dns-names", "tls-min-version", "drain-duration", "max-concurrent-reviews",
		"max-in-flight-bytes", "health-address", "metrics-address", "log-level", "log-format", "version",
	} {
		if !strings.Contains(out.String(), "  --"+name) {
			t.Errorf("--%s is missing", name)
		}
	}
}

func TestVersionIsPrinted(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--version"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(out.String()) == "" {
		t.Error("no version")
	}
}
