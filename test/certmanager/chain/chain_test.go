package chain_test

import (
	"reflect"
	"testing"
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"

	"github.com/probe-injector/probe-injector/test/certmanager/chain"
)

func release() chain.Release {
	return chain.Release{FullName: "probe-injector", Namespace: "probes", Labels: map[string]string{"app.kubernetes.io/name": "probe-injector"}}
}

func TestEveryCertificateIsSignedByTheOneBefore(t *testing.T) {
	c := chain.New(release())
	if c.SelfSigned.Spec.SelfSigned == nil {
		t.Error("the first issuer does not sign itself")
	}
	if got := c.CA.Spec.IssuerRef; got.Name != c.SelfSigned.Name || got.Kind != c.SelfSigned.Kind {
		t.Errorf("the authority is issued by %+v", got)
	}
	if c.CAIssuer.Spec.CA == nil || c.CAIssuer.Spec.CA.SecretName != c.CA.Spec.SecretName {
		t.Error("the second issuer does not sign with the authority")
	}
	if got := c.Leaf.Spec.IssuerRef; got.Name != c.CAIssuer.Name || got.Kind != c.CAIssuer.Kind {
		t.Errorf("the leaf is issued by %+v", got)
	}
	if c.CA.Spec.SecretName == c.Leaf.Spec.SecretName {
		t.Error("the authority's key is in the Secret that the server mounts")
	}
}

func TestOnlyTheAuthorityCanSign(t *testing.T) {
	c := chain.New(release())
	if !c.CA.Spec.IsCA || c.Leaf.Spec.IsCA {
		t.Errorf("isCA: authority %v, leaf %v", c.CA.Spec.IsCA, c.Leaf.Spec.IsCA)
	}
}

func TestKeysAreECDSAP256AndNew(t *testing.T) {
	c := chain.New(release())
	for _, certificate := range []*certmanagerv1.Certificate{c.CA, c.Leaf} {
		want := certmanagerv1.CertificatePrivateKey{Algorithm: certmanagerv1.ECDSAKeyAlgorithm, Size: 256, RotationPolicy: certmanagerv1.RotationPolicyAlways}
		if got := *certificate.Spec.PrivateKey; got != want {
			t.Errorf("%s: key %+v", certificate.Name, got)
		}
	}
}

func TestTheLeafIsForTheServiceAndRenewedInTime(t *testing.T) {
	c := chain.New(release())
	want := []string{"probe-injector.probes.svc", "probe-injector.probes.svc.cluster.local"}
	if got := c.Leaf.Spec.DNSNames; !reflect.DeepEqual(got, want) {
		t.Errorf("DNS names %q", got)
	}
	if got := c.Leaf.Spec.Duration.Duration; got != 90*24*time.Hour {
		t.Errorf("valid for %s", got)
	}
	if got := c.Leaf.Spec.RenewBefore.Duration; got != 30*24*time.Hour {
		t.Errorf("renewed %s before the end", got)
	}
	if got := c.InjectCAFrom(); got != "probes/"+c.Leaf.Name {
		t.Errorf("the bundle comes from %q", got)
	}
}

func TestTheSameReleaseGivesTheSameObjects(t *testing.T) {
	if !reflect.DeepEqual(chain.New(release()), chain.New(release())) {
		t.Error("two chains of one release differ")
	}
}
