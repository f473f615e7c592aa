package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// handlersOf says what each probe of a Pod asks, under the names container/probe.
func handlersOf(pod *corev1.Pod) map[string]string {
	handlers := map[string]string{}
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for kind, p := range map[string]*corev1.Probe{
			"startup": container.StartupProbe, "liveness": container.LivenessProbe, "readiness": container.ReadinessProbe,
		} {
			if p != nil {
				handlers[container.Name+"/"+kind] = spelled(p)
			}
		}
	}
	return handlers
}

// probesOf lists the probes of a Pod as container/probe, sorted.
func probesOf(pod *corev1.Pod) []string { return slices.Sorted(maps.Keys(handlersOf(pod))) }

// spelled is a handler as in an annotation, and what an annotation says elsewhere.
func spelled(p *corev1.Probe) string {
	h := probe.HandlerOf(p)
	switch h.Scheme {
	case "":
		return "nothing"
	case probe.Exec:
		return "exec:" + strings.Join(h.Command, " ")
	}
	text := h.String()
	if p.HTTPGet != nil {
		for _, header := range p.HTTPGet.HTTPHeaders {
			text += fmt.Sprintf(" %s=%s", header.Name, header.Value)
		}
	}
	return text
}
