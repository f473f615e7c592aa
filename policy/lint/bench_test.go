package lint_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// unremarkable is a container with three good probes, as most reviews have it.
func unremarkable() *lint.Container {
	c := &lint.Container{
		Container: &workload.Container{
			Name: "web", Image: "registry.example/shop:1.4",
			Ports: []workload.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
		},
		StartupBudget: 300,
	}
	with := func(kind probe.Kind, path string, period, timeout, failures int32) {
		c.Probes.Set(kind, &corev1.Probe{
			ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
				Path: path, Port: intstr.FromString("http"), Scheme: corev1.URISchemeHTTP,
				HTTPHeaders: []corev1.HTTPHeader{{Name: "Host", Value: "shop.example"}},
			}},
			InitialDelaySeconds: 5, PeriodSeconds: period, TimeoutSeconds: timeout, SuccessThreshold: 1, FailureThreshold: failures,
		})
	}
	with(probe.Startup, "/livez", 5, 3, 60)
	with(probe.Liveness, "/livez", 10, 5, 6)
	with(probe.Readiness, "/readyz", 5, 3, 3)
	return c
}

func TestAnUnremarkableContainerCostsNoMemory(t *testing.T) {
	linter, pod, c := lint.New(lint.Info), ownedBy("ReplicaSet"), unremarkable()
	if findings := linter.Check(pod, c); findings != nil {
		t.Fatalf("it is not unremarkable: %+v", findings)
	}
	if n := testing.AllocsPerRun(1000, func() { linter.Check(pod, c) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCheck(b *testing.B) {
	linter, pod, c := lint.New(lint.Info), ownedBy("ReplicaSet"), unremarkable()
	b.ReportAllocs()
	for b.Loop() {
		linter.Check(pod, c)
	}
}
