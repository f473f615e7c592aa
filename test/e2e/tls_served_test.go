package e2e

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/metrics"
)

// configurationName is the chart's default.
const configurationName = "0-probe-injector"

// whileCreating does something while Pods are created, and fails the test if that costs one of them its probes.
func (r *release) whileCreating(t *testing.T, namespace, what string, do func()) {
	t.Helper()
	creating := r.createAllTheTime(t, namespace)
	// Connections are open and in use before anything changes.
	time.Sleep(2 * time.Second)
	began := time.Now()
	do()
	t.Logf("%s: done after %s", what, time.Since(began).Round(100*time.Millisecond))
	time.Sleep(afterwards)
	creating.end(t, what)
	r.tellsThePlan(t, namespace)
}

// triedWorkload is one that asks.
const triedWorkload = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: told}, spec: {selector: {matchLabels: {app: told}}, template: {
  metadata: {labels: {app: told}, annotations: {probe-injector.dev/readiness: "http:8080/readyz"}}, spec: {containers: [{name: app, image: "a:1"}]}}}}`

// tellsThePlan fails the test if nobody hears the plan who tries a workload: then the API server does not trust the servers for
// preflights.
func (r *release) tellsThePlan(t *testing.T, namespace string) {
	t.Helper()
	eventually(t, time.Minute, "the plan is told", func() error {
		said, err := r.tryKubectl(t.Context(), strings.NewReader(triedWorkload), "apply", "--dry-run=server", "--warnings-as-errors", "--namespace", namespace, "--filename", "-")
		if err == nil || !strings.Contains(said, "deployment/told: will get app: readiness http:8080/readyz") {
			return fmt.Errorf("kubectl says: %s", said)
		}
		return nil
	})
}

// secret is the content of a Secret of the release.
func (r *release) secret(t *testing.T, name string) map[string][]byte {
	t.Helper()
	secret, err := r.client.CoreV1().Secrets(releaseNamespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return secret.Data
}

// webhooks are the entries of the webhook configuration.
func (r *release) webhooks(t *testing.T) []admissionregistrationv1.MutatingWebhook {
	t.Helper()
	configuration, err := r.client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), configurationName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return configuration.Webhooks
}

// bundle is what the API server trusts, PEM. All entries have the same.
func (r *release) bundle(t *testing.T) []byte {
	t.Helper()
	webhooks := r.webhooks(t)
	first := webhooks[0].ClientConfig.CABundle
	for _, entry := range webhooks {
		if !bytes.Equal(entry.ClientConfig.CABundle, first) {
			t.Errorf("the bundle of %s is not that of %s", entry.Name, webhooks[0].Name)
		}
	}
	return first
}

// bundleHas fails the test if an authority is not in the bundle.
func (r *release) bundleHas(t *testing.T, authority []byte) {
	t.Helper()
	if bundle := r.bundle(t); len(authority) == 0 || !bytes.Contains(bundle, bytes.TrimSpace(authority)) {
		t.Errorf("the bundle lacks %q: %q", authority, bundle)
	}
}

// bundleIs fails the test if anything else is in the bundle.
func (r *release) bundleIs(t *testing.T, authority []byte) {
	t.Helper()
	if bundle := r.bundle(t); !bytes.Equal(bytes.TrimSpace(bundle), bytes.TrimSpace(authority)) {
		t.Errorf("the bundle is %q, want %q", bundle, authority)
	}
}

// waitUntilServed waits until every Pod serves the certificate of a Secret, which is known by when it ends.
func (r *release) waitUntilServed(t *testing.T, secret string) {
	t.Helper()
	block, _ := pem.Decode(r.secret(t, secret)["tls.crt"])
	if block == nil {
		t.Fatalf("the Secret %s has no certificate", secret)
	}
	want, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	eventually(t, renewalTimeout, "every Pod serves the certificate of "+secret, func() error {
		for pod, ends := range r.scrape(t, "probe_injector_certificate_not_after_timestamp_seconds") {
			if int64(ends) != want.NotAfter.Unix() {
				return fmt.Errorf("the certificate of %s ends at %s, want %s", pod, time.Unix(int64(ends), 0).UTC(), want.NotAfter)
			}
		}
		return nil
	})
	t.Logf("every Pod serves the certificate of %s after %s", secret, time.Since(began).Round(100*time.Millisecond))
}

// certificatesServed is how many certificates each Pod has served so far, by name. It is for the mode self-managed.
func (r *release) certificatesServed(t *testing.T) map[string]float64 {
	t.Helper()
	return r.scrape(t, "probe_injector_certificates_served_total")
}

// haveServedMore reports whether every Pod has served another certificate since.
func (r *release) haveServedMore(t *testing.T, since map[string]float64) error {
	t.Helper()
	now := r.certificatesServed(t)
	for pod, before := range since {
		if now[pod] <= before {
			return fmt.Errorf("%s has served %v certificates, before %v", pod, now[pod], before)
		}
	}
	return nil
}

// scrape reads a metric of every Pod of ours that is not about to end, by its name.
func (r *release) scrape(t *testing.T, metric string) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for _, pod := range r.pods(t) {
		if pod.DeletionTimestamp != nil {
			continue
		}
		text, err := r.client.CoreV1().RESTClient().Get().Namespace(releaseNamespace).
			Resource("pods").Name(pod.Name + ":8080").SubResource("proxy").Suffix("metrics").DoRaw(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		scraped, err := metrics.Parse(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		values[pod.Name] = scraped.Sum(metric, nil)
	}
	if len(values) == 0 {
		t.Fatal("there is no Pod of ours")
	}
	return values
}

// differs is nil if something is not any more what it was.
func differs(before, now []byte) error {
	if bytes.Equal(before, now) {
		return errors.New("it is still the old one")
	}
	return nil
}
