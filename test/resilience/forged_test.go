package resilience

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
)

// forgery is what a certificate is made like that somebody put where ours belongs.
type forgery struct {
	// from and to are when it is valid, counted from now.
	from, to time.Duration
	// isAuthority is whether it may sign others.
	isAuthority bool
	// permitted are the only names that it may sign for, if there are any.
	permitted []string
}

// secret returns the data of a Secret with the certificate and its key.
func (f forgery) secret(t *testing.T) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "forged by a test"},
		NotBefore: time.Now().Add(f.from), NotAfter: time.Now().Add(f.to),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:     f.isAuthority, BasicConstraintsValid: true,
		PermittedDNSDomains: f.permitted, PermittedDNSDomainsCritical: len(f.permitted) > 0,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"ca.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"ca.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
}
