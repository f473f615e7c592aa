package policy

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// InjectedProbe is a probe that a running Pod has from the webhook: its status lists it, and the probe asks what the status
// says. A probe that somebody has changed since is theirs.
type InjectedProbe struct {
	Container string
	Kind      probe.Kind
	// Handler is in the grammar of the annotations.
	Handler string
	// Timeline has the times of all probes of the container, whoever wrote them.
	Timeline timing.Timeline
}

// InjectedProbes are those of all containers, in the order of the Pod and of probe.Kinds.
func InjectedProbes(pod *workload.Pod) []InjectedProbe {
	facts := factsOf(pod)
	if len(facts.previous.Containers) == 0 {
		return nil
	}
	var all []InjectedProbe
	for _, containers := range [...][]workload.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			c := &containers[i]
			for _, kind := range probe.Kinds() {
				if existing := c.Probe(kind); existing != nil && facts.stillAsks(c.Name, kind, existing) {
					handler, _ := facts.listed(c.Name).Get(kind)
					all = append(all, InjectedProbe{
						Container: c.Name, Kind: kind, Handler: handler,
						Timeline: facts.timelineOf(c, &probe.Map[*corev1.Probe]{}),
					})
				}
			}
		}
	}
	return all
}

// stillAsks reports whether a probe asks what the status lists, be it through Istio, whose injector comes later and lets its
// agent ask for the kubelet (https://istio.io/latest/docs/ops/configuration/mesh/app-health-check/).
func (f *podFacts) stillAsks(container string, kind probe.Kind, existing *corev1.Probe) bool {
	if f.lists(container, kind, existing) {
		return true
	}
	words := map[probe.Kind]string{probe.Startup: "startupz", probe.Liveness: "livez", probe.Readiness: "readyz"}
	return f.mesh == workload.Istio && f.listed(container).Has(kind) &&
		probe.HandlerOf(existing).Path == "/app-health/"+container+"/"+words[kind]
}

// WithoutInjected is the Pod as it was before the webhook: without the probes that InjectedProbes lists and without its
// status. The Pod itself stays as it is.
func WithoutInjected(pod *workload.Pod) *workload.Pod {
	before := *pod
	if pod.Metadata != nil {
		metadata := *pod.Metadata
		metadata.Annotations = maps.Clone(metadata.Annotations)
		delete(metadata.Annotations, annotation.StatusKey)
		before.Metadata = &metadata
	}
	before.Spec.Containers = slices.Clone(pod.Spec.Containers)
	before.Spec.InitContainers = slices.Clone(pod.Spec.InitContainers)
	for _, own := range InjectedProbes(pod) {
		switch c := before.Container(own.Container); own.Kind {
		case probe.Startup:
			c.StartupProbe = nil
		case probe.Liveness:
			c.LivenessProbe = nil
		default:
			c.ReadinessProbe = nil
		}
	}
	return &before
}
