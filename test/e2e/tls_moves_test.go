package e2e

import (
	"testing"

	"github.com/probe-injector/probe-injector/test/charttools"
)

// TestFullMovesToCertManagerAndBack changes tls.mode between the two that need nobody's hand, by helm upgrade alone. The
// way back is the harder one: the bundle still has the authority that the servers had before, and cert-manager's.
func TestFullMovesToCertManagerAndBack(t *testing.T) {
	for _, tool := range []charttools.Tool{charttools.Helm3, charttools.Helm4} {
		t.Run(string(tool), func(t *testing.T) {
			theSuite.withCertManager(t, tool)
			theSuite.install(t, tool, selfManaged).movesToCertManagerAndBack(t, tool)
		})
	}
	t.Run("an aged authority", func(t *testing.T) {
		theSuite.withCertManager(t, charttools.Helm4)
		theSuite.installAged(t, charttools.Helm4).movesToCertManagerAndBack(t, charttools.Helm4)
	})
}

func (r *release) movesToCertManagerAndBack(t *testing.T, tool charttools.Tool) {
	t.Helper()
	namespace := r.namespace(t, "moves", nil)
	r.whileCreating(t, namespace, "self-managed to cert-manager", func() {
		r.upgrade(t, certManager, leavingSelfManaged(tool)...)
	})
	r.waitUntilServed(t, leafSecret)
	r.bundleHas(t, r.secret(t, leafSecret)["ca.crt"])

	r.whileCreating(t, namespace, "cert-manager to self-managed", func() { r.upgrade(t, selfManaged) })
	r.bundleHas(t, r.secret(t, authoritySecret)["ca.crt"])
}
