package policy_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy"
)

func TestProfilesThatTheLintRulesWarnOfAreRefused(t *testing.T) {
	for name, row := range map[string]struct{ profile, says string }{
		"a command that always succeeds, as liveness": {"liveness: {exec: {command: ['true']}}", "spec.profiles[0].liveness"},
		"a full URL as a path":                        {"readiness: {handler: '/http://localhost/x'}", ""},
		"a command that looks":                        {"liveness: {exec: {command: [pg_isready, -q]}, offer: OnRequest}", ""},
		"a path whose words only the admin knows":     {"liveness: {handler: /}", ""},
		"paths":                    {"liveness: {handler: /livez}, readiness: {handler: /readyz}", ""},
		"ports by name and number": {"liveness: {handler: 'http:9090/livez'}, readiness: {handler: 'tcp:web'}, startup: {handler: grpc}", ""},
		"liveness alone, of which nothing speaks but absence": {"liveness: {handler: 'tcp:9000'}", ""},
		"a probe that nobody gets":                            {"readiness: {handler: /r}, liveness: {offer: Never}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec: {profiles: [{name: a, " + row.profile + "}]}\n"
			_, err := policy.Parse([]byte(text), "v0.0.0")
			switch {
			case row.says == "" && err != nil:
				t.Error(err)
			case row.says != "" && (err == nil || !strings.Contains(err.Error(), row.says) || !strings.Contains(err.Error(), "(PS0")):
				t.Errorf("got %v, which does not say %q and the rule", err, row.says)
			}
		})
	}
}
