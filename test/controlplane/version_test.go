package controlplane

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/version"
)

func TestAnotherVersionThanTheOneAskedForIsAnError(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		wanted, said string
		ok           bool
	}{
		"the one asked for":            {"1.30", "v1.30.14", true},
		"any, if none was asked for":   {"", "v1.36.3", true},
		"another":                      {"1.30", "v1.36.3", false},
		"another that begins the same": {"1.3", "v1.30.14", false},
		"one that does not know":       {"1.36", "v0.0.0-master+$Format:%H$", false},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := expectVersion(test.wanted, &version.Info{GitVersion: test.said})
			if (err == nil) != test.ok {
				t.Errorf("it gets: %v", err)
			}
			if err != nil && (!strings.Contains(err.Error(), test.said) || !strings.Contains(err.Error(), test.wanted)) {
				t.Errorf("the error does not name both: %v", err)
			}
		})
	}
}

func TestTheMinorVersionIsRead(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]int{"36": 36, "30+": 30} {
		if got, err := minorOf(&version.Info{Minor: said}); err != nil || got != want {
			t.Errorf("of %q it is %d, %v", said, got, err)
		}
	}
	if got, err := minorOf(&version.Info{}); err == nil {
		t.Errorf("of nothing it is %d", got)
	}
}
