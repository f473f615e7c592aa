package e2e

import (
	"bytes"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/certmanager"
	"github.com/probe-injector/probe-injector/test/charttools"
)

const (
	// renewalTimeout is how long a new certificate may take from its Secret to every Pod: a kubelet brings it within a
	// minute and a half, and the server reads it within ten seconds.
	renewalTimeout = 3 * time.Minute
	// afterwards is how long Pods are created after a change is complete, to see what comes late: a self-managed bundle
	// changes up to ten seconds after the rollout.
	afterwards = 15 * time.Second

	selfManaged = "tls: {mode: self-managed}"
	certManager = "tls: {mode: cert-manager}"

	// leafSecret is what cert-manager makes for us, and caCertificate and leafCertificate are the Certificates.
	leafSecret, caCertificate, leafCertificate = "probe-injector-tls", "probe-injector-ca", "probe-injector-tls"
	// authoritySecret is what the servers fill in the mode self-managed.
	authoritySecret = "probe-injector-authority"
)

// TestSelfManagedAuthorityIsReplaced does what docs/operations.md says an admin does: it empties the Secret.
func TestSelfManagedAuthorityIsReplaced(t *testing.T) {
	t.Run("a new authority", func(t *testing.T) { theSuite.install(t, charttools.Helm4, selfManaged).replacesAuthority(t) })
	t.Run("an aged authority", func(t *testing.T) { theSuite.installAged(t, charttools.Helm4).replacesAuthority(t) })
}

func (r *release) replacesAuthority(t *testing.T) {
	t.Helper()
	namespace := r.namespace(t, "rotation", nil)
	before := r.secret(t, authoritySecret)["ca.crt"]
	served := r.certificatesServed(t)

	r.whileCreating(t, namespace, "a new authority, self-managed", func() {
		r.kubectl(t, "patch", "secret", authoritySecret, "--namespace", releaseNamespace,
			"--type=json", `--patch=[{"op":"remove","path":"/data"}]`)
		eventually(t, time.Minute, "every Pod serves a new certificate", func() error { return r.haveServedMore(t, served) })
	})

	now := r.secret(t, authoritySecret)["ca.crt"]
	if len(now) == 0 || bytes.Equal(now, before) {
		t.Errorf("the authority in the Secret is %q", now)
	}
	r.bundleHas(t, now)
	r.bundleHas(t, before)
}

// TestFullCertManagerRenews renews what cert-manager made for us, as "cmctl renew" does, and lets the kubelets take the
// time that they take.
func TestFullCertManagerRenews(t *testing.T) {
	theSuite.withCertManager(t, charttools.Helm4)
	r := theSuite.install(t, charttools.Helm4, certManager)
	namespace := r.namespace(t, "renewal", nil)
	before := r.secret(t, leafSecret)["ca.crt"]

	r.whileCreating(t, namespace, "a new leaf of cert-manager", func() {
		r.renew(t, leafCertificate)
		r.waitUntilServed(t, leafSecret)
	})
	if now := r.secret(t, leafSecret)["ca.crt"]; !bytes.Equal(now, before) {
		t.Errorf("the leaf's authority is another")
	}

	r.whileCreating(t, namespace, "a new authority of cert-manager, and a leaf of it", func() {
		r.renew(t, caCertificate)
		r.renew(t, leafCertificate)
		r.waitUntilServed(t, leafSecret)
	})
	now := r.secret(t, leafSecret)["ca.crt"]
	if bytes.Equal(now, before) {
		t.Errorf("the leaf's authority is still the old one")
	}
	r.bundleHas(t, now)
	r.bundleHas(t, before)
}

// renew has cert-manager issue a Certificate anew and returns when its Secret, which has the same name, has the new one.
func (r *release) renew(t *testing.T, name string) {
	t.Helper()
	before := r.secret(t, name)["tls.crt"]
	if err := certmanager.Renew(t.Context(), r.config, releaseNamespace, name); err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, "cert-manager renews "+name, func() error {
		return differs(before, r.secret(t, name)["tls.crt"])
	})
}
