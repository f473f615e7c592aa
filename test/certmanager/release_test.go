package certmanager_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/certmanager"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

const (
	namespace         = "probe-injector"
	configurationName = "0-probe-injector"
	preflightName     = "probe-injector"
	serviceName       = "probe-injector.probe-injector.svc"
	// leafSecret and authoritySecret are the Secrets of the chart's two Certificates, which have the same names.
	leafSecret, authoritySecret = "probe-injector-tls", "probe-injector-ca"
	// waitBudget is how long cert-manager may take for a step. It takes one to three seconds.
	waitBudget = time.Minute
)

// release is our chart, installed with tls.mode cert-manager.
type release struct{ plane *controlplane.ControlPlane }

// install installs our chart with a real Helm. Nothing waits for Pods: there is no node.
func install(t *testing.T, plane *controlplane.ControlPlane, helm string) *release {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	command := exec.CommandContext(t.Context(), helm, "install", "probe-injector", filepath.Join(root, "charts", "probe-injector"),
		"--namespace", namespace, "--create-namespace", "--set", "tls.mode=cert-manager")
	command.Env = append(os.Environ(),
		"HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home, "HOME="+home, "KUBECONFIG="+plane.KubeconfigPath())
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("installing the chart: %v: %s", err, output)
	}
	return &release{plane: plane}
}

// eventually waits until something holds.
func (r *release) eventually(t *testing.T, what string, holds func() error) {
	t.Helper()
	for deadline := time.Now().Add(waitBudget); ; time.Sleep(50 * time.Millisecond) {
		err := holds()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s: %v", waitBudget, what, err)
		}
	}
}

// data is the content of a Secret.
func (r *release) data(ctx context.Context, name string) (map[string][]byte, error) {
	secret, err := r.plane.Client().CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return secret.Data, nil
}

// secret is the content of a Secret that is there.
func (r *release) secret(t *testing.T, name string) map[string][]byte {
	t.Helper()
	data, err := r.data(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// bundles are the bundles of all entries: of those for Pods, then of those for workloads.
func (r *release) bundles(ctx context.Context) ([][]byte, error) {
	configuration, err := r.plane.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, configurationName, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	var bundles [][]byte
	for _, entry := range configuration.Webhooks {
		bundles = append(bundles, entry.ClientConfig.CABundle)
	}
	preflights, err := r.plane.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, preflightName, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	for _, entry := range preflights.Webhooks {
		bundles = append(bundles, entry.ClientConfig.CABundle)
	}
	return bundles, nil
}

// everyEntryTrusts reports whether cainjector has written the authority of the leaf's Secret into every entry, beside those
// that were there.
func (r *release) everyEntryTrusts() error {
	ctx := context.Background()
	data, err := r.data(ctx, leafSecret)
	if err != nil {
		return err
	}
	bundles, err := r.bundles(ctx)
	if err != nil {
		return err
	}
	if len(bundles) < 4 {
		return fmt.Errorf("%d entries: the chart has two of each kind with its own values", len(bundles))
	}
	for i, bundle := range bundles {
		if !bytes.Contains(bundle, data["ca.crt"]) {
			return fmt.Errorf("the bundle of entry %d has not the authority of the Secret but %q", i, bundle)
		}
	}
	return nil
}

// authorities are the certificates of the first entry's bundle.
func (r *release) authorities(t *testing.T) []*x509.Certificate {
	t.Helper()
	bundles, err := r.bundles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, bundles[0])
}

// leaf is the certificate in the Secret that our server mounts.
func (r *release) leaf(t *testing.T) *x509.Certificate {
	t.Helper()
	return parse(t, r.secret(t, leafSecret)["tls.crt"])[0]
}

// renew has a Certificate issued anew and returns when its Secret has the new one.
func (r *release) renew(t *testing.T, certificate string) {
	t.Helper()
	before := r.secret(t, certificate)["tls.crt"]
	if err := certmanager.Renew(t.Context(), r.plane.RESTConfig(), namespace, certificate); err != nil {
		t.Fatal(err)
	}
	r.eventually(t, certificate+" is renewed", func() error {
		data, err := r.data(t.Context(), certificate)
		if err == nil && bytes.Equal(data["tls.crt"], before) {
			err = errors.New("the certificate is still the old one")
		}
		return err
	})
}

// parse reads the certificates of a PEM text, of which there is at least one.
func parse(t *testing.T, text []byte) []*x509.Certificate {
	t.Helper()
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		certificates = append(certificates, certificate)
	}
	if len(certificates) == 0 {
		t.Fatalf("no certificate is in %q", text)
	}
	return certificates
}

// verify does what an API server does with a certificate.
func verify(leaf, authority *x509.Certificate, name string) error {
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots})
	return err
}
