package audit_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
)

// bundle is a certificate that is valid until then.
func bundle(t *testing.T, until time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: until.Add(-24 * time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestTheWebhookInOneLine(t *testing.T) {
	replicas := int32(2)
	server := &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: &replicas}, Status: appsv1.DeploymentStatus{ReadyReplicas: 1}}
	server.Labels = map[string]string{"app.kubernetes.io/version": "0.1.0"}
	c := newCluster(t)
	for name, row := range map[string]struct {
		all    []admissionregistrationv1.MutatingWebhookConfiguration
		change func(own *admissionregistrationv1.MutatingWebhookConfiguration)
		server *appsv1.Deployment
		want   string
		works  bool
	}{
		"installed":               {all: configurations(t, c), server: server, want: "0-probe-injector v0.1.0: 1 of 2 ready, trusted", works: true},
		"not installed":           {all: configurations(t, c, "istio-x")[1:], want: "not installed"},
		"before Istio":            {all: configurations(t, c, "istio-sidecar-injector", "istio-revision-tag-default"), server: server, want: "0-probe-injector v0.1.0: 1 of 2 ready, trusted, called before Istio's", works: true},
		"after another":           {all: configurations(t, c, "0-first", "kyverno-resource-mutating-webhook-cfg"), server: server, want: "0-probe-injector v0.1.0: 1 of 2 ready, trusted, called after 0-first", works: true},
		"before many":             {all: configurations(t, c, "a", "b", "c", "d"), server: server, want: "0-probe-injector v0.1.0: 1 of 2 ready, trusted, called before a, b and 2 more", works: true},
		"its server is not there": {all: configurations(t, c), want: "0-probe-injector: its Deployment was not found, trusted", works: true},
		"an entry without a bundle": {all: configurations(t, c), server: server, change: func(own *admissionregistrationv1.MutatingWebhookConfiguration) {
			own.Webhooks[1].ClientConfig.CABundle = nil
		}, want: "0-probe-injector v0.1.0: 1 of 2 ready, not trusted (shop.rules.probe-injector.dev has no caBundle)"},
		"an expired bundle": {all: configurations(t, c), server: server, change: func(own *admissionregistrationv1.MutatingWebhookConfiguration) {
			own.Webhooks[0].ClientConfig.CABundle = bundle(t, now().Add(-time.Minute))
		}, want: "0-probe-injector v0.1.0: 1 of 2 ready, not trusted (annotated.probe-injector.dev: every certificate in its caBundle has expired)"},
		"an old and a new one in the bundle": {all: configurations(t, c), server: server, change: func(own *admissionregistrationv1.MutatingWebhookConfiguration) {
			own.Webhooks[0].ClientConfig.CABundle = append(bundle(t, now().Add(-time.Minute)), bundle(t, now().Add(time.Minute))...)
		}, want: "0-probe-injector v0.1.0: 1 of 2 ready, trusted", works: true},
	} {
		t.Run(name, func(t *testing.T) {
			if row.change != nil {
				row.change(&row.all[0])
			}
			w := audit.NewWebhook(row.all, row.server, now())
			if w.String() != row.want || w.Works() != row.works {
				t.Errorf("%s (works %t), want %s", w.String(), w.Works(), row.want)
			}
		})
	}
}
