package manifest

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// ownedBy is the reference that a controller puts on the Pods it makes.
func ownedBy(apiVersion, kind, name string) []metav1.OwnerReference {
	controller := true
	return []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: name, Controller: &controller}}
}

// setDefaults fills what the API server fills before admission and decisions look at: the Pod's restartPolicy and
// the times of probes (pkg/apis/core/v1: SetDefaults_PodSpec, SetDefaults_Probe).
func setDefaults(spec *corev1.PodSpec) {
	if spec.RestartPolicy == "" {
		spec.RestartPolicy = corev1.RestartPolicyAlways
	}
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			c := &containers[i]
			for j := range c.Ports {
				if c.Ports[j].Protocol == "" {
					c.Ports[j].Protocol = corev1.ProtocolTCP
				}
			}
			for _, p := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
				if p != nil {
					setProbeDefaults(p)
				}
			}
		}
	}
}

func setProbeDefaults(p *corev1.Probe) {
	const timeout, period, success, failure = 1, 10, 1, 3
	for value, otherwise := range map[*int32]int32{
		&p.TimeoutSeconds: timeout, &p.PeriodSeconds: period, &p.SuccessThreshold: success, &p.FailureThreshold: failure,
	} {
		if *value == 0 {
			*value = otherwise
		}
	}
	if get := p.HTTPGet; get != nil {
		if get.Path == "" {
			get.Path = "/"
		}
		if get.Scheme == "" {
			get.Scheme = corev1.URISchemeHTTP
		}
	}
	if p.GRPC != nil && p.GRPC.Service == nil {
		p.GRPC.Service = new(string)
	}
}

// view takes the part of a Pod that decisions look at, under the same names as in an admission review.
func view(pod *corev1.Pod) (*workload.Pod, error) {
	text, err := json.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("cannot write the Pod: %w", err)
	}
	var seen workload.Pod
	if err := json.Unmarshal(text, &seen); err != nil {
		return nil, fmt.Errorf("cannot read the Pod: %w", err)
	}
	return &seen, nil
}
