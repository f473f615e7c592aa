package annotation_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/annotation"
)

func TestMisspeltKeysAreToldFromKeysOfOthers(t *testing.T) {
	for name, row := range map[string]struct {
		key  string
		want bool
	}{
		"another top-level domain":              {"probe-injector.io/inject", true},
		"no domain but our name":                {"probe-injector/readiness", true},
		"a dot in place of the slash":           {"probe-injector.dev.inject", true},
		"a dash in place of the slash":          {"probe-injector.dev-startup-budget", true},
		"capital letters":                       {"Probe-Injector.dev/inject", true},
		"a container behind a dash":             {"web-probe-injector.dev/liveness", true},
		"a container behind the domain":         {"probe-injector.dev.web/liveness", true},
		"a field of a probe":                    {"probe-injector.com/readiness.failureThreshold", true},
		"a field of a probe, in lower case":     {"probe-injector.com/readiness.failurethreshold", true},
		"a subdomain in front is a container":   {"web.probe-injector.dev/liveness", false},
		"spelt right":                           {"probe-injector.dev/inject", false},
		"spelt right, but an unknown word":      {"probe-injector.dev/injekt", false},
		"a checksum of our configuration":       {"checksum/probe-injector", false},
		"a checksum that ends in a word":        {"checksum/probe-injector-inject", false},
		"another tool's word below our name":    {"probe-injector.example.com/owner", false},
		"our name alone":                        {"probe-injector", false},
		"a word of ours below another's domain": {"example.com/inject", false},
		"empty":                                 {"", false},
		"longer than Kubernetes allows":         {"probe-injector." + strings.Repeat("x", 400) + "/inject", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := annotation.IsMisspelt(row.key); got != row.want {
				t.Errorf("IsMisspelt(%q) is %v", row.key, got)
			}
		})
	}
}
