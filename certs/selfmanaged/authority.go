package selfmanaged

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// The members of the Secret. An empty Secret of type Opaque has neither; see the package comment for why the chart
// renders it so.
const (
	// certificateKey is the certificate of the authority, PEM. It is what the API server has to trust.
	certificateKey = "ca.crt"
	// privateKeyKey is the key of the authority, PKCS #8 in PEM.
	privateKeyKey = "ca.key"
)

// organization is who made an authority, for those who read a bundle.
const organization = "probe-injector.dev"

// authority is a certificate authority with its key.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// leaf is a certificate that can be served.
type leaf struct {
	pair *tls.Certificate
	// issuer is the authority that signed it.
	issuer *x509.Certificate
}

func (l *leaf) certificate() *x509.Certificate { return l.pair.Leaf }

// errEmpty means that the Secret has no authority yet, as in every new installation.
var errEmpty = errors.New("it is empty")

// parseAuthority reads the authority in a Secret. The error is why it cannot be used now.
func parseAuthority(data map[string][]byte, now time.Time) (*authority, error) {
	if len(data[certificateKey]) == 0 && len(data[privateKeyKey]) == 0 {
		return nil, errEmpty
	}
	// It also finds out whether the key belongs to the certificate.
	pair, err := tls.X509KeyPair(data[certificateKey], data[privateKeyKey])
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", certificateKey, privateKeyKey, err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s cannot sign", privateKeyKey)
	}
	if !canSign(pair.Leaf) {
		return nil, fmt.Errorf("%s is not a certificate authority", certificateKey)
	}
	if err := validAt(pair.Leaf, now); err != nil {
		return nil, fmt.Errorf("%s %w", certificateKey, err)
	}
	return &authority{certificate: pair.Leaf, key: key}, nil
}

// canSign reports whether a certificate may sign others.
func canSign(c *x509.Certificate) bool {
	return c.IsCA && c.BasicConstraintsValid && (c.KeyUsage == 0 || c.KeyUsage&x509.KeyUsageCertSign != 0)
}

func validAt(c *x509.Certificate, now time.Time) error {
	if now.Before(c.NotBefore) {
		return fmt.Errorf("is not valid before %s", c.NotBefore.UTC().Format(time.RFC3339))
	}
	if now.After(c.NotAfter) {
		return fmt.Errorf("expired at %s", c.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// newAuthority makes an authority with a key of its own, and what to put into the Secret.
func newAuthority(now time.Time, l Lifetimes) (*authority, map[string][]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making the key of a certificate authority: %w", err)
	}
	serial, err := newSerial(now)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{organization}, CommonName: "probe-injector CA"},
		NotBefore:    now.Add(-l.Backdate),
		NotAfter:     now.Add(l.CA),
		KeyUsage:     x509.KeyUsageCertSign,
		IsCA:         true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	certificate, err := create(template, template, key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("making a certificate authority: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the key of a certificate authority: %w", err)
	}
	return &authority{certificate: certificate, key: key}, map[string][]byte{
		certificateKey: encodeCertificates([]*x509.Certificate{certificate}),
		privateKeyKey:  pem.EncodeToMemory(&pem.Block{Type: pemPrivateKey, Bytes: der}),
	}, nil
}

// canIssueFor returns why an API server would reject what the authority signs for the names, or nil: somebody may have
// put an authority into the Secret that is limited to other names or uses. It signs a certificate for trial.
func (a *authority) canIssueFor(names []string, now time.Time, l Lifetimes) error {
	trial, err := a.sign(names, now, l)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	return verify(trial.certificate(), roots, names, now)
}

// sign makes a certificate with a key of its own for the names, which may be IP addresses too. It never outlives the
// authority.
func (a *authority) sign(names []string, now time.Time, l Lifetimes) (*leaf, error) {
	if err := validAt(a.certificate, now); err != nil {
		return nil, fmt.Errorf("the certificate authority %w", err)
	}
	// P-256 and not P-384: each handshake signs with it once, and with P-384 costs a third more.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of a certificate: %w", err)
	}
	serial, err := newSerial(now)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{Organization: []string{organization}, CommonName: "probe-injector"},
		// Whoever trusts the authority trusts this now, whatever our clock says.
		NotBefore:   a.certificate.NotBefore,
		NotAfter:    earliest(now.Add(l.Leaf), a.certificate.NotAfter),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	certificate, err := create(template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("signing a certificate: %w", err)
	}
	return &leaf{
		pair:   &tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: key, Leaf: certificate},
		issuer: a.certificate,
	}, nil
}

func create(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// newSerial returns a number that begins with the time, in nanoseconds, and ends with 64 random bits: two authorities
// that were made in the same second have the same begin of validity, and the later one must still be known for it.
// RFC 5280, section 4.1.2.2, allows 20 bytes; these are 16.
func newSerial(now time.Time) (*big.Int, error) {
	random, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	serial := new(big.Int).Lsh(big.NewInt(now.UnixNano()), 64)
	return serial.Add(serial, random), nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
