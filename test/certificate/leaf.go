package certificate

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
)

// Leaf is a server's certificate and its key, PEM.
type Leaf struct {
	Certificate []byte
	Key         []byte
}

// newLeaf encodes a signed certificate and its key.
func newLeaf(der []byte, key *ecdsa.PrivateKey) (*Leaf, error) {
	keyPEM, err := KeyPEM(key)
	if err != nil {
		return nil, err
	}
	return &Leaf{Certificate: certificatePEM(der), Key: keyPEM}, nil
}

// KeyPEM encodes a private key in the only form (SEC 1) that kube-apiserver reads keys of ServiceAccounts in, too.
func KeyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// TLS is the leaf as Go's TLS server wants it.
func (l *Leaf) TLS() (tls.Certificate, error) {
	pair, err := tls.X509KeyPair(l.Certificate, l.Key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("pairing certificate and key: %w", err)
	}
	return pair, nil
}

// WriteDir writes the three files of a mounted Secret of type kubernetes.io/tls: tls.crt, tls.key and ca.crt. Each is
// replaced at once, so that a server that watches the folder never reads half of one.
func WriteDir(dir string, leaf *Leaf, authority *Authority) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder for certificates: %w", err)
	}
	files := []struct {
		name    string
		content []byte
	}{
		{"ca.crt", authority.PEM()},
		{"tls.key", leaf.Key},
		{"tls.crt", leaf.Certificate},
	}
	for _, file := range files {
		path := filepath.Join(dir, file.name)
		if err := os.WriteFile(path+".new", file.content, 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", file.name, err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			return fmt.Errorf("putting %s in its place: %w", file.name, err)
		}
	}
	return nil
}

func certificatePEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
