package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const (
	// probersVariable tells the proxy which request stands for which probe, as Istio's ISTIO_KUBE_APP_PROBERS does.
	probersVariable = "APP_PROBERS"
	// probersPort is where the proxy answers them, as Istio's agent does.
	probersPort = 15020
)

// probers are handlers by the paths that stand for them.
type probers map[string]corev1.ProbeHandler

// takenProbes is what becomes of the probes that the proxy takes over.
type takenProbes struct {
	probers    probers
	operations []operation
}

// takeProbes sends the http and tcp probes of a Pod's containers to the proxy. Their times stay as they are.
func takeProbes(pod *corev1.Pod) takenProbes {
	taken := takenProbes{probers: probers{}}
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		taken.take(c.LivenessProbe, i, c.Name, "livenessProbe", "livez")
		taken.take(c.ReadinessProbe, i, c.Name, "readinessProbe", "readyz")
		taken.take(c.StartupProbe, i, c.Name, "startupProbe", "startupz")
	}
	return taken
}

// take takes over one probe, if there is one and the proxy knows how to ask.
func (t *takenProbes) take(probe *corev1.Probe, index int, container, field, word string) {
	if probe == nil || probe.HTTPGet == nil && probe.TCPSocket == nil {
		return
	}
	path := fmt.Sprintf("/app-health/%s/%s", container, word)
	t.probers[path] = probe.ProbeHandler
	changed := probe.DeepCopy()
	changed.ProbeHandler = corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
		Path: path, Port: intstr.FromInt32(probersPort), Scheme: corev1.URISchemeHTTP,
	}}
	if probe.HTTPGet != nil {
		changed.HTTPGet.HTTPHeaders = probe.HTTPGet.HTTPHeaders
	}
	t.operations = append(t.operations, operation{"replace", fmt.Sprintf("/spec/containers/%d/%s", index, field), changed})
}
