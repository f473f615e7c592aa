package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

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
		`probe_injector_reviews_total{result="injected",route="annotated"} 1`,
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
	kubeconfig := writeKubeconfig(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	tests := map[string]struct {
		args []string
		want []string
	}{
		"without a certificate": {
			args: []string{"--cert-dir", t.TempDir()},
			want: []string{"certificate in", "no such file"},
		},
		"with an unknown flag": {
			args: []string{"--no-such-flag"},
			want: []string{"no-such-flag"},
		},
		"with flags that are wrong; it names all of them": {
			args: []string{
				"--tls-min-version=1.1", "--log-level=loud", "--log-format=xml", "--drain-duration=-1s", "--preflight-mode=deny", "--preflight-plan=Always", "more",
			},
			want: []string{
				"--tls-min-version", "--log-level", "--log-format", "--drain-duration", `--preflight-mode "deny": write Warn or Deny`,
				`--preflight-plan "Always": write DryRun or Never`, `"more"`,
			},
		},
		"with flags that mean nothing without --tls-secret; it names all of them": {
			args: []string{"--cert-dir", certDir, "--namespace=probes", "--webhook-configurations=a", "--preflight-configurations=b", "--kubeconfig=none"},
			want: []string{"--namespace means nothing without --tls-secret", "--webhook-configurations means", "--preflight-configurations means", "--kubeconfig means"},
		},
		"with --tls-secret and what excludes it, and without what it needs; it names all": {
			args: []string{"--tls-secret=tls", "--cert-dir", certDir},
			want: []string{"--cert-dir and --tls-secret exclude each other", "needs --dns-names", "needs --namespace", "needs --webhook-configurations"},
		},
		"with --tls-secret outside of a cluster": {
			args: []string{"--tls-secret=tls", "--dns-names=a.b.svc", "--namespace=b", "--webhook-configurations=a"},
			want: []string{"reaching the Kubernetes API for --tls-secret", "in-cluster"},
		},
		"with a kubeconfig that is not there": {
			args: []string{"--tls-secret=tls", "--dns-names=a.b.svc", "--namespace=b", "--webhook-configurations=a", "--kubeconfig=/no/such/file"},
			want: []string{"reaching the Kubernetes API for --tls-secret", "/no/such/file"},
		},
		"with names that no object can have; it names all of them": {
			args: []string{"--tls-secret=UPPER", "--dns-names=a.b.svc", "--namespace=b", "--webhook-configurations=a_b", "--kubeconfig", kubeconfig},
			want: []string{`secret "UPPER"`, `webhook configuration "a_b"`},
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
			ctx, cancel := context.WithTimeout(t.Context(), waitBudget)
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
		"max-in-flight-bytes", "max-connections", "tls-secret", "namespace", "webhook-configurations", "kubeconfig", "health-address", "metrics-address", "log-level", "log-format", "version", "check-policy",
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

func TestTheProcessStartsWithoutAnAPIServerAndSaysWhatItWaitsFor(t *testing.T) {
	r := begin(t, "--tls-secret=tls", "--namespace=probes", "--webhook-configurations=0-probe-injector", "--dns-names="+serviceName, "--kubeconfig="+writeKubeconfig(t))
	r.eventually("it says what it waits for", func() bool {
		status, body := r.get(r.health + "/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "the Secret probes/tls was not read yet")
	})
	if status, body := r.get(r.health + "/healthz"); status != http.StatusOK {
		t.Errorf("healthz: %d %s; a restart would repair nothing", status, body)
	}
	r.eventually("the metric shows it", func() bool {
		_, body := r.get(r.scrape)
		return strings.Contains(body, "probe_injector_certificate_trusted 0")
	})
	r.end()
	if err := r.wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
}
