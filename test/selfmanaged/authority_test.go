package selfmanaged_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/certs/selfmanaged"
)

// The members of the Secret, as docs/tls.md has them.
const (
	certificateKey = "ca.crt"
	privateKeyKey  = "ca.key"
)

// madeAt is a Secret's data with an authority as a replica would have made it at that time.
func madeAt(t *testing.T, at time.Time, l selfmanaged.Lifetimes) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		// Authorities are ordered by their numbers, which begin with the time.
		SerialNumber: new(big.Int).Lsh(big.NewInt(at.UnixNano()), 64),
		Subject:      pkix.Name{Organization: []string{"probe-injector.dev"}, CommonName: "probe-injector CA"},
		NotBefore:    at.Add(-l.Backdate), NotAfter: at.Add(l.CA),
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
		certificateKey: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		privateKeyKey:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

// authorityIn is the authority in a Secret's data, or nil if it cannot sign now.
func authorityIn(data map[string][]byte) *x509.Certificate {
	pair, err := tls.X509KeyPair(data[certificateKey], data[privateKeyKey])
	if err != nil || !pair.Leaf.IsCA || time.Now().Before(pair.Leaf.NotBefore) || time.Now().After(pair.Leaf.NotAfter) {
		return nil
	}
	return pair.Leaf
}

// certificatesIn are those of a bundle.
func certificatesIn(bundle []byte) []*x509.Certificate {
	var all []*x509.Certificate
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			all = append(all, c)
		}
	}
	return all
}
