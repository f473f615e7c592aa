package policy_test

import (
	"testing"

	"github.com/probe-injector/probe-injector/policy"
)

func BenchmarkDecide(b *testing.B) {
	pod := podWith(map[string]string{
		"probe-injector.dev/liveness": "/livez", "probe-injector.dev/readiness": "/readyz", "probe-injector.dev/startup-budget": "2m",
		"example.com/a": "1", "example.com/b": "2",
	}, web())
	engine := policy.Default("v0.0.0")
	b.ReportAllocs()
	for b.Loop() {
		engine.Decide(policy.Subject{Pod: pod})
	}
}
