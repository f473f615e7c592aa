package v1alpha1_test

import (
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// FuzzDecode gives any bytes to the policy file. It must not panic; what it accepts it must accept again when it
// is written out, with the same meaning.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(header))
	f.Add([]byte(header + "spec: {mode: Audit, style: InitialDelay, maxStartupBudget: 2h, inferredLiveness: false}\n"))
	f.Add([]byte(header + "spec: {rules: [{name: a, namespaceSelector: {matchLabels: {team: shop}}, probes: [readiness, liveness]}]}\n"))
	f.Add([]byte(header + "spec: {profiles: [{name: pg, class: database, readiness: {exec: {command: [pg_isready]}}}]}\n"))
	f.Add([]byte("---\n# x\n---\n" + header))
	f.Add([]byte(`{"apiVersion":"probe-injector.dev/v1alpha1","kind":"ProbePolicy"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := v1alpha1.Decode(data)
		if err != nil {
			return
		}
		v1alpha1.SetDefaults(p)
		if errs := v1alpha1.Validate(p, builtIn()); len(errs) > 0 {
			return
		}
		written, err := yaml.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := check(string(written)); got != "" {
			t.Fatalf("what was accepted is refused when written out: %s\n%s", got, written)
		}
	})
}
