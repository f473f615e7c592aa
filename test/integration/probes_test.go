package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// handlersOf says what each probe of a Pod asks, under the names container/probe.
func handlersOf(pod *corev1.Pod) map[string]string {
	handlers := map[string]string{}
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for kind, probe := range map[string]*corev1.Probe{
			"startup": container.StartupProbe, "liveness": container.LivenessProbe, "readiness": container.ReadinessProbe,
		} {
			if probe != nil {
				handlers[container.Name+"/"+kind] = handlerOf(probe)
			}
		}
	}
	return handlers
}

// probesOf lists the probes of a Pod as container/probe, sorted.
func probesOf(pod *corev1.Pod) []string { return slices.Sorted(maps.Keys(handlersOf(pod))) }

// handlerOf spells a handler as in an annotation, and adds what an annotation says elsewhere.
func handlerOf(probe *corev1.Probe) string {
	switch {
	case probe.HTTPGet != nil:
		get := probe.HTTPGet
		spelled := strings.ToLower(string(get.Scheme)) + ":" + get.Port.String() + get.Path
		for _, header := range get.HTTPHeaders {
			spelled += fmt.Sprintf(" %s=%s", header.Name, header.Value)
		}
		return spelled
	case probe.TCPSocket != nil:
		return "tcp:" + probe.TCPSocket.Port.String()
	case probe.GRPC != nil:
		spelled := fmt.Sprintf("grpc:%d", probe.GRPC.Port)
		if probe.GRPC.Service != nil && *probe.GRPC.Service != "" {
			spelled += "/" + *probe.GRPC.Service
		}
		return spelled
	case probe.Exec != nil:
		return "exec:" + strings.Join(probe.Exec.Command, " ")
	default:
		return "nothing"
	}
}
