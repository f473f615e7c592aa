package certificate_test

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/certificate"
)

func TestALeafIsTrustedForItsHostsByThoseWhoTrustItsAuthority(t *testing.T) {
	authority, err := certificate.NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := certificate.NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := authority.Sign(time.Hour, "probe-injector.probe-injector.svc", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := certificate.WriteDir(dir, leaf, authority); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		host    string
		roots   *x509.CertPool
		trusted bool
	}{
		"a DNS name":        {"probe-injector.probe-injector.svc", authority.Pool(), true},
		"an address":        {"127.0.0.1", authority.Pool(), true},
		"another name":      {"example.com", authority.Pool(), false},
		"another authority": {"127.0.0.1", stranger.Pool(), false},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: test.host, Roots: test.roots})
			if (err == nil) != test.trusted {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
