package certs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probe-injector/probe-injector/certs"
)

func TestReload(t *testing.T) {
	tests := map[string]struct {
		// next is what is mounted after a valid pair.
		next        func(t *testing.T, old keyPair) keyPair
		wantServed  bool
		wantChanged bool
		wantError   string
	}{
		"a new pair is served": {
			next:       func(t *testing.T, _ keyPair) keyPair { return valid(t) },
			wantServed: true, wantChanged: true,
		},
		"the same bytes in a new generation change nothing": {
			next:       func(_ *testing.T, old keyPair) keyPair { return old },
			wantServed: true,
		},
		"a chain of which only the intermediate changed is served": {
			next: func(t *testing.T, old keyPair) keyPair {
				return keyPair{cert: append(append([]byte(nil), old.cert...), valid(t).cert...), key: old.key}
			},
			wantServed: true, wantChanged: true,
		},
		"a certificate with another key is not served": {
			next:      func(t *testing.T, old keyPair) keyPair { return keyPair{cert: old.cert, key: valid(t).key} },
			wantError: "private key does not match public key",
		},
		"a corrupt certificate is not served": {
			next:      func(_ *testing.T, old keyPair) keyPair { return keyPair{cert: []byte("corrupt"), key: old.key} },
			wantError: "failed to find any PEM data",
		},
		"an empty key is not served": {
			next:      func(_ *testing.T, old keyPair) keyPair { return keyPair{cert: old.cert} },
			wantError: "failed to find any PEM data",
		},
		"an expired certificate does not replace one that works": {
			next: func(t *testing.T, _ keyPair) keyPair {
				return issue(t, serviceName, start().Add(-2*time.Hour), start().Add(-time.Hour))
			},
			wantError: "the certificate expired at 2030-01-02T02:04:05Z",
		},
		"a certificate of the future does not replace one that works": {
			next: func(t *testing.T, _ keyPair) keyPair {
				return issue(t, serviceName, start().Add(time.Minute), start().Add(time.Hour))
			},
			wantError: "the certificate is not valid before 2030-01-02T03:05:05Z",
		},
		"a certificate for another name does not replace one that works": {
			next: func(t *testing.T, _ keyPair) keyPair {
				return issue(t, "elsewhere.svc", start().Add(-time.Hour), start().Add(time.Hour))
			},
			wantError: `does not name probe-injector.probes.svc but ["elsewhere.svc"]`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			old := valid(t)
			source, dir, registry := newSource(t, old, start)
			next := test.next(t, old)
			mount(t, dir, next)

			changed, err := source.Reload()

			if changed != test.wantChanged {
				t.Errorf("changed = %v, want %v", changed, test.wantChanged)
			}
			if test.wantError == "" && err != nil || test.wantError != "" && (err == nil || !strings.Contains(err.Error(), test.wantError)) {
				t.Errorf("error %v, want one with %q", err, test.wantError)
			}
			want := old
			if test.wantServed {
				want = next
			}
			if !serves(t, source, want) {
				t.Error("the wrong pair is served")
			}
			wantFailed := 0.
			if test.wantError != "" {
				wantFailed = 1
			}
			if got := metric(t, registry, "probe_injector_certificate_reloads_total", "error"); got != wantFailed {
				t.Errorf("%v failed reloads counted, want %v", got, wantFailed)
			}
		})
	}
}

func TestReloadKeepsThePairWhenAFileIsMissing(t *testing.T) {
	old := valid(t)
	source, dir, _ := newSource(t, old, start)
	if err := os.Remove(filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Reload(); err == nil {
		t.Error("no error without files")
	}
	if !serves(t, source, old) {
		t.Error("the old pair is not served any more")
	}
}

func TestAPairThatWasHeldBackIsServedOnceTheOldOneEnds(t *testing.T) {
	c := &clock{at: start()}
	source, dir, _ := newSource(t, valid(t), c.now)
	next := issue(t, serviceName, start().Add(30*time.Minute), start().Add(2*time.Hour))
	mount(t, dir, next)
	if _, err := source.Reload(); err == nil {
		t.Fatal("a certificate of the future was taken")
	}
	c.at = start().Add(30 * time.Minute)
	if changed, err := source.Reload(); err != nil || !changed {
		t.Fatalf("changed %v, error %v, once it is valid", changed, err)
	}
	if !serves(t, source, next) {
		t.Error("the new pair is not served")
	}
}

func TestAnythingReplacesAnExpiredCertificate(t *testing.T) {
	source, dir, _ := newSource(t, issue(t, serviceName, start().Add(-2*time.Hour), start().Add(-time.Hour)), start)
	next := issue(t, "elsewhere.svc", start().Add(-time.Hour), start().Add(time.Hour))
	mount(t, dir, next)
	if changed, err := source.Reload(); err != nil || !changed {
		t.Fatalf("changed %v, error %v", changed, err)
	}
	if !serves(t, source, next) {
		t.Error("the new pair is not served")
	}
}

func TestPlainFilesAreServedToo(t *testing.T) {
	dir, p := t.TempDir(), valid(t)
	for name, data := range map[string][]byte{certs.CertificateFile: p.cert, certs.KeyFile: p.key} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := certs.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	source, err := certs.NewSource(dir, nil, m, start)
	if err != nil {
		t.Fatal(err)
	}
	if !serves(t, source, p) {
		t.Error("the pair is not served")
	}
}

func TestNewSourceFailsWithoutAPair(t *testing.T) {
	m, err := certs.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := certs.NewSource(t.TempDir(), nil, m, start); err == nil {
		t.Error("no error for an empty directory")
	}
}

func TestTheExpiryIsAMetric(t *testing.T) {
	source, dir, registry := newSource(t, valid(t), start)
	const name = "probe_injector_certificate_not_after_timestamp_seconds"
	if got, want := metric(t, registry, name, ""), float64(start().Add(time.Hour).Unix()); got != want {
		t.Errorf("expiry %v, want %v", got, want)
	}
	const begin = "probe_injector_certificate_not_before_timestamp_seconds"
	if got := metric(t, registry, begin, ""); got >= float64(start().Add(time.Hour).Unix()) || got == 0 {
		t.Errorf("it is valid since %v", got)
	}
	mount(t, dir, issue(t, serviceName, start(), start().Add(5*time.Hour)))
	if _, err := source.Reload(); err != nil {
		t.Fatal(err)
	}
	if got, want := metric(t, registry, name, ""), float64(start().Add(5*time.Hour).Unix()); got != want {
		t.Errorf("expiry %v after the reload, want %v", got, want)
	}
	if got, want := metric(t, registry, begin, ""), float64(start().Unix()); got != want {
		t.Errorf("it is valid since %v after the reload, want %v", got, want)
	}
}
