package selfmanaged

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"slices"
)

const (
	pemCertificate = "CERTIFICATE"
	pemPrivateKey  = "PRIVATE KEY"
)

// encodeCertificates writes certificates as PEM, in their order.
func encodeCertificates(certificates []*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range certificates {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: c.Raw}))
	}
	return b.Bytes()
}

// parseCertificates reads the certificates in PEM data and leaves out what an API server leaves out too: what is none, and
// what has headers.
func parseCertificates(data []byte) []*x509.Certificate {
	var all []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != pemCertificate || len(block.Headers) > 0 {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && !contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}

func contains(all []*x509.Certificate, c *x509.Certificate) bool {
	return slices.ContainsFunc(all, c.Equal)
}

// serials lists certificates for log lines.
func serials(all []*x509.Certificate) []string {
	var serials []string
	for _, c := range all {
		serials = append(serials, serial(c))
	}
	return serials
}

func serial(c *x509.Certificate) string { return c.SerialNumber.Text(16) }
