package workload

import (
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// knativeServing is the API group of Knative's Services.
const knativeServing = "serving.knative.dev"

// Pod makes of a Pod template the Pod as its controller would, with the defaults of the API server; the object that has the
// template has a name, or the beginning of one. Labels that only the running controller knows, such as pod-template-hash,
// are left out.
func (k Kind) Pod(template *Pod, name string) *Pod {
	pod := *template
	meta := ObjectMeta{}
	if template.Metadata != nil {
		meta = *template.Metadata
	}
	meta.Name, meta.GenerateName, meta.OwnerReferences = "", name+"-", nil
	if k.OwnerKind != "" {
		controller := true
		meta.OwnerReferences = []OwnerReference{{APIVersion: k.OwnerAPIVersion, Kind: k.OwnerKind, Name: name, Controller: &controller}}
	}
	if strings.HasPrefix(k.OwnerAPIVersion, knativeServing+"/") {
		// Its controller puts this label on the Pods (https://knative.dev/docs/serving/).
		meta.Labels = maps.Clone(meta.Labels)
		if meta.Labels == nil {
			meta.Labels = map[string]string{}
		}
		meta.Labels[knativeServing+"/service"] = name
	}
	pod.Metadata = &meta
	pod.setDefaults()
	return &pod
}

// setDefaults is SetDefaults for the view, in place. The API server has done it for the kinds of Kubernetes, and not for
// those of others.
func (p *Pod) setDefaults() {
	if p.Spec.RestartPolicy == "" {
		p.Spec.RestartPolicy = corev1.RestartPolicyAlways
	}
	for _, containers := range [...][]Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range containers {
			c := &containers[i]
			for j := range c.Ports {
				setDefault(&c.Ports[j].Protocol, corev1.ProtocolTCP)
			}
			for _, existing := range [...]*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
				if existing != nil {
					SetProbeDefaults(existing)
				}
			}
		}
	}
}
