package selfmanaged

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"
)

func TestSign(t *testing.T) {
	l := DefaultLifetimes()
	a, _ := makeCA(t, at(), l)
	sign := func(t *testing.T, when time.Time) *x509.Certificate {
		t.Helper()
		signed, err := a.sign([]string{serviceName, "127.0.0.1"}, when, l)
		if err != nil {
			t.Fatal(err)
		}
		return signed.certificate()
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	tests := map[string]struct {
		signed, verified time.Time
		name             string
		want             string
	}{
		"it names the service":                         {at(), at(), serviceName, ""},
		"it names an address":                          {at(), at(), "127.0.0.1", ""},
		"it names nobody else":                         {at(), at(), "elsewhere.svc", "not elsewhere.svc"},
		"an API server whose clock is 23 hours behind": {at(), at().Add(-23 * time.Hour), serviceName, ""},
		"an API server that is behind trusts what is signed much later, if it trusts the authority": {
			at().Add(l.Leaf), at().Add(-23 * time.Hour), serviceName, "",
		},
		"it ends after its time":                              {at(), at().Add(l.Leaf + time.Second), serviceName, "expired"},
		"one that would outlive the authority ends with it":   {at().Add(l.CA - time.Hour), at().Add(l.CA), serviceName, ""},
		"an authority that has ended verifies nothing":        {at().Add(l.CA - time.Hour), at().Add(l.CA + time.Second), serviceName, "expired"},
		"one that is signed at the very beginning is allowed": {at().Add(-l.Backdate), at(), serviceName, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := sign(t, test.signed).Verify(x509.VerifyOptions{Roots: roots, DNSName: test.name, CurrentTime: test.verified})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestAnEndedAuthorityDoesNotSign(t *testing.T) {
	l := DefaultLifetimes()
	a, _ := makeCA(t, at(), l)
	if _, err := a.sign([]string{serviceName}, at().Add(l.CA+time.Second), l); err == nil {
		t.Error("it signs")
	}
}

func TestAuthoritiesOfOneSecondHaveAnOrder(t *testing.T) {
	l := DefaultLifetimes()
	first, _ := makeCA(t, at(), l)
	second, _ := makeCA(t, at().Add(time.Millisecond), l)
	if got := newestFirst(of(first.certificate, second.certificate)); got[0] != second.certificate {
		t.Error("the earlier one is taken for the newer")
	}
}

func TestRenewAt(t *testing.T) {
	l := DefaultLifetimes()
	a, _ := makeCA(t, at(), l)
	if got, want := renewAt(a.certificate, l.CA), at().Add(l.CA*2/3); !got.Equal(want) {
		t.Errorf("an authority of ours is replaced at %s, want %s", got, want)
	}
	short := l
	short.CA = 30 * 24 * time.Hour
	a, _ = makeCA(t, at(), short)
	if got := renewAt(a.certificate, l.CA); got.Before(at().Add(19 * 24 * time.Hour)) {
		t.Errorf("an authority of 30 days that somebody brought is replaced at %s already", got)
	}
}

func TestLifetimesAreChecked(t *testing.T) {
	if err := DefaultLifetimes().validate(); err != nil {
		t.Error(err)
	}
	err := Lifetimes{CA: time.Minute, Leaf: time.Hour, Backdate: -1, Hold: -1, KeepPredecessor: -1}.validate()
	for _, want := range []string{"Leaf = 1h0m0s: must not be longer", "Backdate", "Hold", "KeepPredecessor"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
