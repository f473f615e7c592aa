package workload

import (
	corev1 "k8s.io/api/core/v1"
)

// What the API server writes where a probe says nothing (pkg/apis/core/v1/defaults.go: SetDefaults_Probe,
// SetDefaults_HTTPGetAction).
const (
	DefaultTimeoutSeconds   = 1
	DefaultPeriodSeconds    = 10
	DefaultSuccessThreshold = 1
	DefaultFailureThreshold = 3
	DefaultPath             = "/"
)

// SetDefaults fills what the API server fills before admission and decisions look at: the Pod's restartPolicy, the
// protocols of ports, and probes (pkg/apis/core/v1: SetDefaults_PodSpec, SetDefaults_Probe).
func SetDefaults(spec *corev1.PodSpec) {
	if spec.RestartPolicy == "" {
		spec.RestartPolicy = corev1.RestartPolicyAlways
	}
	for _, containers := range [...][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			setContainerDefaults(&containers[i])
		}
	}
}

func setContainerDefaults(c *corev1.Container) {
	for i := range c.Ports {
		setDefault(&c.Ports[i].Protocol, corev1.ProtocolTCP)
	}
	for _, p := range [...]*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if p != nil {
			SetProbeDefaults(p)
		}
	}
}

// SetProbeDefaults fills what the API server fills in a probe.
func SetProbeDefaults(p *corev1.Probe) {
	setDefault(&p.TimeoutSeconds, DefaultTimeoutSeconds)
	setDefault(&p.PeriodSeconds, DefaultPeriodSeconds)
	setDefault(&p.SuccessThreshold, DefaultSuccessThreshold)
	setDefault(&p.FailureThreshold, DefaultFailureThreshold)
	if get := p.HTTPGet; get != nil {
		setDefault(&get.Path, DefaultPath)
		setDefault(&get.Scheme, corev1.URISchemeHTTP)
	}
	if p.GRPC != nil && p.GRPC.Service == nil {
		p.GRPC.Service = new(string)
	}
}

func setDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}
