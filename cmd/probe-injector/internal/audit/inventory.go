package audit

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Origin is who has put a probe there.
type Origin string

// The origins.
const (
	// None: no container has a probe of the kind.
	None Origin = "none"
	// Written: a container has one, and none is Injected.
	Written Origin = "written"
	// Injected: a container has one that its Pod's status lists and that asks what the status says.
	Injected Origin = "injected"
)

// inventory is the origin of each kind of probe in a workload.
type inventory struct{ origins probe.Map[Origin] }

func (i *inventory) of(kind probe.Kind) Origin {
	if origin, known := i.origins.Get(kind); known {
		return origin
	}
	return None
}

// empty reports whether there is no probe of any kind.
func (i *inventory) empty() bool { return i.origins.Len() == 0 }

// add adds what a Pod has. Known sidecars do not count: they bring probes of their own, and their Pod has none for that.
func (i *inventory) add(p *policy.Policy, pod *workload.Pod, injected []policy.InjectedProbe) {
	for j := range pod.Spec.Containers {
		if c := &pod.Spec.Containers[j]; !p.IsSidecar(pod, c, false) {
			i.addContainer(c)
		}
	}
	for j := range pod.Spec.InitContainers {
		if c := &pod.Spec.InitContainers[j]; isNative(c) && !p.IsSidecar(pod, c, true) {
			i.addContainer(c)
		}
	}
	for _, own := range injected {
		i.origins.Set(own.Kind, Injected)
	}
}

func (i *inventory) addContainer(c *workload.Container) {
	for _, kind := range probe.Kinds() {
		if c.Probe(kind) != nil && !i.origins.Has(kind) {
			i.origins.Set(kind, Written)
		}
	}
}

// isNative reports whether an init container keeps running, and so may have probes.
func isNative(c *workload.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// shownKinds are the kinds in the order of the report: what most workloads have comes first.
func shownKinds() []probe.Kind {
	return []probe.Kind{probe.Readiness, probe.Liveness, probe.Startup}
}
