package lint_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// containerOf sees a container of core/v1 as rules do.
func containerOf(c *corev1.Container, as lint.ContainerType) *lint.Container {
	seen := &lint.Container{Container: &workload.Container{Name: c.Name, Image: c.Image, RestartPolicy: c.RestartPolicy, Command: c.Command, Args: c.Args}, Type: as}
	for _, p := range c.Ports {
		seen.Ports = append(seen.Ports, workload.ContainerPort{Name: p.Name, ContainerPort: p.ContainerPort, Protocol: p.Protocol})
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

// ownedBy is a Pod that a controller of the kind manages, or none where the kind is empty.
func ownedBy(kind string) *workload.Pod {
	if kind == "" {
		return &workload.Pod{}
	}
	controls := true
	return &workload.Pod{Metadata: &workload.ObjectMeta{OwnerReferences: []workload.OwnerReference{{Kind: kind, Controller: &controls}}}}
}

// withMesh adds the container by whose name a mesh is known.
func withMesh(pod *workload.Pod, mesh workload.Mesh) {
	if mesh != workload.NoMesh {
		pod.Spec.Containers = append(pod.Spec.Containers, workload.Container{Name: string(mesh) + "-proxy"})
	}
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
