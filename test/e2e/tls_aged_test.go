package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/charttools"
)

// installAged installs the chart where a release of the same name has left an authority that is older than everything
// that is kept.
func (s *suite) installAged(t *testing.T, tool charttools.Tool) *release {
	t.Helper()
	authority := s.leaveAgedAuthority(t)
	r := s.install(t, tool, selfManaged)
	r.bundleIs(t, authority)
	return r
}

// leaveAgedAuthority creates the Secret of a release with an authority that is older than everything that is kept, and
// returns the authority's certificate.
func (s *suite) leaveAgedAuthority(t *testing.T) []byte {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: releaseNamespace}}
	if _, err := s.client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	data := agedAuthority(t)
	_, err := s.client.CoreV1().Secrets(releaseNamespace).Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: authoritySecret,
			// By these Helm takes an object for one of its release.
			Labels:      map[string]string{"app.kubernetes.io/managed-by": "Helm"},
			Annotations: map[string]string{"meta.helm.sh/release-name": releaseName, "meta.helm.sh/release-namespace": releaseNamespace},
		},
		Data: data,
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return data["ca.crt"]
}

// agedAuthority is the content of a Secret with an authority as a server would have made it more than a year ago.
func agedAuthority(t *testing.T) map[string][]byte {
	t.Helper()
	const year = 365 * 24 * time.Hour
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().Add(-2 * year).UnixNano()),
		Subject:      pkix.Name{Organization: []string{"probe-injector.dev"}, CommonName: "probe-injector CA"},
		NotBefore:    time.Now().Add(-2 * year), NotAfter: time.Now().Add(8 * year),
		KeyUsage: x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"ca.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"ca.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}
