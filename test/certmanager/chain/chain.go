// Package chain has the cert-manager objects that give the webhook its certificate, as the chart creates them
// under tls.mode cert-manager:
//
//	SelfSigned Issuer → CA Certificate (10 years) → CA Issuer → leaf Certificate (90 days)
//
// The chain is deliberate. A leaf that signed itself would change the bundle which the API server trusts at every
// renewal, and calls would fail until cert-manager has written the new one into the webhook configuration. Below a
// certificate authority that outlives it, a leaf is renewed without anybody noticing.
//
// A test compares the chart's templates with these objects, so that a field that cert-manager renames, or a default
// that it changes, is found when the module is updated and not in a cluster.
package chain

import (
	"time"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmeta "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// CALifetime is how long the certificate authority is valid. cert-manager renews it, with a new key, when a third
	// of that is left, and keeps the old one in the bundle until it expires.
	CALifetime = 10 * 365 * 24 * time.Hour
	// LeafLifetime is how long the served certificate is valid.
	LeafLifetime = 90 * 24 * time.Hour
	// LeafRenewBefore is how long before its end the served certificate is renewed: a month in which somebody can
	// notice that renewal fails.
	LeafRenewBefore = 30 * 24 * time.Hour

	// InjectAnnotation on the webhook configuration makes cert-manager write the bundle into it. Its value is that of
	// Chain.InjectCAFrom.
	InjectAnnotation = certmanagerv1.WantInjectAnnotation
)

// Release is what the names of a chart's release are derived from.
type Release struct {
	// FullName is the name of the release's objects and of its Service, probe-injector.fullname in the chart.
	FullName string
	// Namespace is where the release is installed.
	Namespace string
	// Labels are put on every object.
	Labels map[string]string
}

// Chain is all that cert-manager needs to know.
type Chain struct {
	SelfSigned *certmanagerv1.Issuer
	CA         *certmanagerv1.Certificate
	CAIssuer   *certmanagerv1.Issuer
	Leaf       *certmanagerv1.Certificate
}

// InjectCAFrom names the certificate whose authority the API server must trust, for InjectAnnotation.
func (c Chain) InjectCAFrom() string { return c.Leaf.Namespace + "/" + c.Leaf.Name }

// DNSNames are the names by which an API server calls the Service of a release. It uses the first; the second is what
// people try.
func DNSNames(r Release) []string {
	name := r.FullName + "." + r.Namespace + ".svc"
	return []string{name, name + ".cluster.local"}
}

// New returns the objects for a release. The same release gives the same objects.
func New(r Release) Chain {
	selfSigned, authority, leaf := r.FullName+"-selfsigned", r.FullName+"-ca", r.FullName+"-tls"
	return Chain{
		SelfSigned: issuer(r, selfSigned, certmanagerv1.IssuerConfig{SelfSigned: &certmanagerv1.SelfSignedIssuer{}}),
		CA: certificate(r, authority, certmanagerv1.CertificateSpec{
			IsCA: true,
			// A common name may have 64 characters, and a release's name 63.
			CommonName: "probe-injector CA",
			Duration:   &metav1.Duration{Duration: CALifetime},
			IssuerRef:  cmmeta.IssuerReference{Group: certmanagerv1.SchemeGroupVersion.Group, Kind: certmanagerv1.IssuerKind, Name: selfSigned},
			Usages:     []certmanagerv1.KeyUsage{certmanagerv1.UsageCertSign, certmanagerv1.UsageCRLSign, certmanagerv1.UsageDigitalSignature},
		}),
		CAIssuer: issuer(r, authority, certmanagerv1.IssuerConfig{CA: &certmanagerv1.CAIssuer{SecretName: authority}}),
		Leaf: certificate(r, leaf, certmanagerv1.CertificateSpec{
			DNSNames:    DNSNames(r),
			Duration:    &metav1.Duration{Duration: LeafLifetime},
			RenewBefore: &metav1.Duration{Duration: LeafRenewBefore},
			IssuerRef:   cmmeta.IssuerReference{Group: certmanagerv1.SchemeGroupVersion.Group, Kind: certmanagerv1.IssuerKind, Name: authority},
			Usages:      []certmanagerv1.KeyUsage{certmanagerv1.UsageDigitalSignature, certmanagerv1.UsageServerAuth},
		}),
	}
}

func issuer(r Release, name string, config certmanagerv1.IssuerConfig) *certmanagerv1.Issuer {
	return &certmanagerv1.Issuer{
		TypeMeta:   metav1.TypeMeta{APIVersion: certmanagerv1.SchemeGroupVersion.String(), Kind: certmanagerv1.IssuerKind},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: r.Namespace, Labels: r.Labels},
		Spec:       certmanagerv1.IssuerSpec{IssuerConfig: config},
	}
}

// certificate returns a Certificate that is kept in the Secret of its own name, with what all certificates of the chain
// share. ECDSA P-256 makes a handshake a millisecond cheaper than RSA or P-384.
func certificate(r Release, name string, spec certmanagerv1.CertificateSpec) *certmanagerv1.Certificate {
	limit := int32(1)
	spec.SecretName = name
	spec.PrivateKey = &certmanagerv1.CertificatePrivateKey{
		Algorithm:      certmanagerv1.ECDSAKeyAlgorithm,
		Size:           256,
		RotationPolicy: certmanagerv1.RotationPolicyAlways,
	}
	spec.RevisionHistoryLimit = &limit
	return &certmanagerv1.Certificate{
		TypeMeta:   metav1.TypeMeta{APIVersion: certmanagerv1.SchemeGroupVersion.String(), Kind: certmanagerv1.CertificateKind},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: r.Namespace, Labels: r.Labels},
		Spec:       spec,
	}
}
