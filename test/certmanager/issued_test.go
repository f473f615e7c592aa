package certmanager_test

import (
	"slices"
	"testing"

	"github.com/probe-injector/probe-injector/test/certmanager"
	"github.com/probe-injector/probe-injector/test/certmanager/chain"
	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// TestOurChartWithTheRealCertManager installs our chart with tls.mode cert-manager where cert-manager's own programs run,
// and renews what can be renewed. There is no node: the server is a process that reads the Secret from a folder, which
// the test keeps up to date as late as a kubelet does. The parts follow each other on one release.
func TestOurChartWithTheRealCertManager(t *testing.T) {
	t.Parallel()
	plane := controlplane.ForTest(t, controlplane.Options{Controllers: true})
	helm, err := charttools.Path(t.Context(), charttools.Helm3)
	if err != nil {
		t.Fatal(err)
	}
	certmanager.HostForTest(t, certmanager.Release{Kubeconfig: plane.KubeconfigPath(), Helm: helm})
	r := install(t, plane, helm)

	t.Run("a Certificate becomes a Secret whose authority every entry trusts", r.isIssued)
	mounted := r.mount(t)
	webhook := server.ForTest(t, server.Options{
		DNSNames: []string{serviceName, serviceName + ".cluster.local"}, Args: []string{"--cert-dir=" + mounted.dir},
	})
	c := &calls{release: r, mounted: mounted, address: webhook.Address()}

	t.Run("a new leaf is served and no bundle changes", c.leafIsRenewed)
	t.Run("a new authority changes nothing until a leaf is renewed", c.authorityIsRenewed)
	t.Run("a leaf of the new authority joins it to every bundle", c.leafOfNewAuthority)
}

// isIssued looks at what cert-manager made of the chart's Certificates.
func (r *release) isIssued(t *testing.T) {
	r.eventually(t, "every entry trusts the authority of the Secret", r.everyEntryTrusts)
	leaf, authorities := r.leaf(t), r.authorities(t)
	if len(authorities) != 1 {
		t.Fatalf("the bundle has %d authorities, want one", len(authorities))
	}
	for _, name := range []string{serviceName, serviceName + ".cluster.local"} {
		if err := verify(leaf, authorities[0], name); err != nil {
			t.Errorf("the bundle does not verify the leaf as %s: %v", name, err)
		}
	}
	if lifetime := leaf.NotAfter.Sub(leaf.NotBefore); lifetime != chain.LeafLifetime {
		t.Errorf("the leaf lasts %v, want %v", lifetime, chain.LeafLifetime)
	}
	if lifetime := authorities[0].NotAfter.Sub(authorities[0].NotBefore); lifetime != chain.CALifetime {
		t.Errorf("the authority lasts %v, want %v", lifetime, chain.CALifetime)
	}
}

// leafIsRenewed is what happens every 60 days.
func (c *calls) leafIsRenewed(t *testing.T) {
	before := c.release.authorities(t)
	outcome := c.during(t, func() {
		c.release.renew(t, leafSecret)
		c.mounted.waitUntilServed(t, c.address)
	})
	outcome.nothingFailed(t)
	if now := c.release.authorities(t); len(now) != 1 || !now[0].Equal(before[0]) {
		t.Errorf("the bundle has %d authorities, want the one from before", len(now))
	}
}

// authorityIsRenewed is what happens after seven years, or when somebody asks for it.
func (c *calls) authorityIsRenewed(t *testing.T) {
	before := c.release.authorities(t)
	outcome := c.during(t, func() { c.release.renew(t, authoritySecret) })
	outcome.nothingFailed(t)
	if now := c.release.authorities(t); len(now) != 1 || !now[0].Equal(before[0]) {
		t.Errorf("the bundle has %d authorities, want the one from before", len(now))
	}
}

// leafOfNewAuthority is the first renewal after that. cainjector publishes the new authority at once and a kubelet brings
// the leaf a minute later, so the old one has to stay in the bundle.
func (c *calls) leafOfNewAuthority(t *testing.T) {
	before := c.release.authorities(t)
	outcome := c.during(t, func() {
		c.release.renew(t, leafSecret)
		c.mounted.waitUntilServed(t, c.address)
	})
	outcome.nothingFailed(t)
	if err := c.release.everyEntryTrusts(); err != nil {
		t.Error(err)
	}
	now := c.release.authorities(t)
	if len(now) != 2 || !slices.ContainsFunc(now, before[0].Equal) {
		t.Errorf("the bundle has %d authorities, want the old one and the new one", len(now))
	}
	if err := verify(c.release.leaf(t), before[0], serviceName); err == nil {
		t.Error("the old authority verifies the new leaf: nothing was tested")
	}
}
