package lint_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// containerOf sees a container of core/v1 as rules do.
func containerOf(c *corev1.Container, as lint.ContainerType) *lint.Container {
	seen := &lint.Container{Name: c.Name, Type: as, Image: c.Image}
	for _, p := range c.Ports {
		seen.Ports = append(seen.Ports, lint.Port{Name: p.Name, Number: p.ContainerPort, Protocol: p.Protocol})
	}
	if c.RestartPolicy != nil {
		seen.RestartPolicy = *c.RestartPolicy
	}
	for kind, p := range map[probe.Kind]*corev1.Probe{
		probe.Startup: c.StartupProbe, probe.Liveness: c.LivenessProbe, probe.Readiness: c.ReadinessProbe,
	} {
		if p != nil {
			seen.Probes.Set(kind, p)
		}
	}
	return seen
}

// containerType reads the word of a test case.
func containerType(t *testing.T, word string) lint.ContainerType {
	t.Helper()
	types := map[string]lint.ContainerType{
		"": lint.Regular, "sidecar": lint.NativeSidecar, "init": lint.Init, "ephemeral": lint.Ephemeral,
	}
	as, ok := types[word]
	if !ok {
		t.Fatalf("type %q", word)
	}
	return as
}

// of keeps the findings of one rule.
func of(id lint.ID, findings []lint.Finding) []lint.Finding {
	var own []lint.Finding
	for _, f := range findings {
		if f.Rule == id {
			own = append(own, f)
		}
	}
	return own
}
