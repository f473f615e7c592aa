package policy

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// timelineOf is the timing of all probes that a container will have: those that it has, whoever wrote them, and those that
// are added. Whatever is said about times comes from here.
func (f *podFacts) timelineOf(c *workload.Container, added *probe.Map[*corev1.Probe]) timing.Timeline {
	var out timing.Timeline
	var all [3]*corev1.Probe
	for i, kind := range probe.Kinds() {
		all[i] = c.Probe(kind)
		if own, ok := added.Get(kind); ok {
			all[i] = own
		}
		if all[i] != nil {
			out.Set(kind, timing.Of(all[i]))
		}
	}
	if startup, liveness := all[0], all[1]; startup != nil && liveness != nil {
		ours := added.Has(probe.Startup) || f.lists(c.Name, probe.Startup, startup)
		out.Guarded = guards(c, startup, liveness, ours)
	}
	out.GraceSeconds = f.grace()
	return out
}

// grace is the Pod's terminationGracePeriodSeconds (pkg/apis/core/v1/defaults.go: SetDefaults_PodSpec).
func (f *podFacts) grace() int64 {
	if own := f.Spec.TerminationGracePeriodSeconds; own != nil {
		return *own
	}
	return corev1.DefaultTerminationGracePeriodSeconds
}
