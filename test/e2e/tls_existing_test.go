package e2e

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/certificate"
	"github.com/probe-injector/probe-injector/test/charttools"
)

// adminsSecret is the Secret of tls.mode existing-secret.
const adminsSecret = "admins-certificate"

// TestFullExistingSecret goes from self-managed to a certificate of the admin's in the two steps of docs/tls.md, and then
// replaces that certificate, first by one of the same authority and then by one of another.
func TestFullExistingSecret(t *testing.T) {
	for _, tool := range []charttools.Tool{charttools.Helm3, charttools.Helm4} {
		t.Run(string(tool), func(t *testing.T) {
			a := newAdmin(t, theSuite.install(t, tool, selfManaged), tool)
			first, second := newAuthority(t), newAuthority(t)
			a.movesToExistingSecret(t, first)
			a.renewsTheCertificate(t, first)
			a.changesTheAuthority(t, first, second)
		})
	}
}

// TestExistingSecretAfterAnAgedAuthority goes the same way from an installation that is older than everything that is kept.
func TestExistingSecretAfterAnAgedAuthority(t *testing.T) {
	newAdmin(t, theSuite.installAged(t, charttools.Helm4), charttools.Helm4).movesToExistingSecret(t, newAuthority(t))
}

// leavingSelfManaged are the arguments of upgrades that replace a bundle which the servers have written.
func leavingSelfManaged(tool charttools.Tool) []string {
	if tool == charttools.Helm4 {
		return []string{"--force-conflicts"}
	}
	return nil
}

func newAdmin(t *testing.T, r *release, tool charttools.Tool) *admin {
	t.Helper()
	return &admin{release: r, namespace: r.namespace(t, "existing", nil), leaving: leavingSelfManaged(tool)}
}

// admin brings certificates of his own.
type admin struct {
	*release
	// namespace is where Pods are created meanwhile.
	namespace string
	leaving   []string
}

func (a *admin) movesToExistingSecret(t *testing.T, authority *certificate.Authority) {
	a.putCertificate(t, authority)
	both := append(a.bundle(t), authority.PEM()...)
	a.whileCreating(t, a.namespace, "self-managed to existing-secret, with both bundles", func() {
		a.upgrade(t, existingSecret(both), a.leaving...)
	})
	a.whileCreating(t, a.namespace, "existing-secret, with its own bundle", func() {
		a.upgrade(t, existingSecret(authority.PEM()), a.leaving...)
	})
	a.waitUntilServed(t, adminsSecret)
	a.bundleIs(t, authority.PEM())
}

func (a *admin) renewsTheCertificate(t *testing.T, authority *certificate.Authority) {
	a.whileCreating(t, a.namespace, "a new certificate of the admin's", func() {
		a.putCertificate(t, authority)
		a.waitUntilServed(t, adminsSecret)
	})
}

// changesTheAuthority first has both trusted, then replaces the certificate, and then has only the new one trusted.
func (a *admin) changesTheAuthority(t *testing.T, from, to *certificate.Authority) {
	a.whileCreating(t, a.namespace, "a certificate of another authority of the admin's", func() {
		a.upgrade(t, existingSecret(append(from.PEM(), to.PEM()...)))
		a.putCertificate(t, to)
		a.waitUntilServed(t, adminsSecret)
		a.upgrade(t, existingSecret(to.PEM()))
	})
	a.bundleIs(t, to.PEM())
}

// putCertificate makes a certificate and puts it into the admin's Secret, in place of an earlier one.
func (a *admin) putCertificate(t *testing.T, authority *certificate.Authority) {
	t.Helper()
	leaf, err := authority.Sign(45*time.Minute, releaseName+"."+releaseNamespace+".svc")
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: adminsSecret},
		Type:       corev1.SecretTypeTLS,
		Data:       map[string][]byte{corev1.TLSCertKey: leaf.Certificate, corev1.TLSPrivateKeyKey: leaf.Key},
	})
	if err != nil {
		t.Fatal(err)
	}
	a.apply(t, releaseNamespace, string(text))
}

// newAuthority is an authority of the admin's.
func newAuthority(t *testing.T) *certificate.Authority {
	t.Helper()
	authority, err := certificate.NewAuthority("an admin's")
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

// existingSecret are the values of tls.mode existing-secret with a bundle, PEM.
func existingSecret(bundle []byte) string {
	values := "tls:\n  mode: existing-secret\n  existingSecret:\n    name: " + adminsSecret + "\n    caBundle: |\n"
	for line := range strings.Lines(string(bundle)) {
		values += "      " + line
	}
	return values
}
