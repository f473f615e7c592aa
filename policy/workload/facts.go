package workload

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Annotations are the Pod's annotations, nil when it has none.
func (p *Pod) Annotations() map[string]string {
	if p.Metadata == nil {
		return nil
	}
	return p.Metadata.Annotations
}

// Labels are the Pod's labels, nil when it has none.
func (p *Pod) Labels() map[string]string {
	if p.Metadata == nil {
		return nil
	}
	return p.Metadata.Labels
}

// Container finds a container or init container by name; nil when there is none.
func (p *Pod) Container(name string) *Container {
	for _, containers := range [...][]Container{p.Spec.Containers, p.Spec.InitContainers} {
		for i := range containers {
			if containers[i].Name == name {
				return &containers[i]
			}
		}
	}
	return nil
}

// Controller is the owner that manages the Pod; nil when there is none.
func (p *Pod) Controller() *OwnerReference {
	if p.Metadata == nil {
		return nil
	}
	i := slices.IndexFunc(p.Metadata.OwnerReferences, func(o OwnerReference) bool { return o.Controller != nil && *o.Controller })
	if i < 0 {
		return nil
	}
	return &p.Metadata.OwnerReferences[i]
}

// IsBuiltIn reports whether the owner is a controller of Kubernetes itself that keeps Pods running. Operators may compare
// and recreate their Pods.
func (o *OwnerReference) IsBuiltIn() bool {
	switch o.APIVersion + " " + o.Kind {
	case "apps/v1 ReplicaSet", "apps/v1 StatefulSet", "apps/v1 DaemonSet", "v1 ReplicationController":
		return true
	}
	return false
}

// IsStatefulSet reports whether a StatefulSet manages the Pod.
func (p *Pod) IsStatefulSet() bool {
	owner := p.Controller()
	return owner != nil && owner.Kind == "StatefulSet"
}

// IsKnative reports whether Knative's queue-proxy owns the Pod's readiness, by the labels of its revision
// (https://knative.dev/docs/serving/reference/serving-api/).
func (p *Pod) IsKnative() bool {
	for label := range p.Labels() {
		if strings.HasPrefix(label, "serving.knative.dev/") {
			return true
		}
	}
	return false
}

// IsWindows reports whether the Pod's containers run on Windows.
func (p *Pod) IsWindows() bool {
	return (p.Spec.OS != nil && p.Spec.OS.Name == corev1.Windows) || p.Spec.NodeSelector[corev1.LabelOSStable] == string(corev1.Windows)
}

// OnVirtualNode reports whether the Pod is meant for a virtual kubelet, some of which refuse or ignore probes
// (https://github.com/virtual-kubelet/azure-aci#current-limitations).
func (p *Pod) OnVirtualNode() bool {
	const provider = "virtual-kubelet.io/provider"
	if p.Spec.NodeSelector["type"] == "virtual-kubelet" {
		return true
	}
	return slices.ContainsFunc(p.Spec.Tolerations, func(t Toleration) bool { return strings.EqualFold(t.Key, provider) })
}

// RestartsAlways reports whether the Pod's restartPolicy is Always, which is also what an empty one means.
func (p *Pod) RestartsAlways() bool {
	return p.Spec.RestartPolicy == "" || p.Spec.RestartPolicy == corev1.RestartPolicyAlways
}

// Mesh names a service mesh.
type Mesh string

// The meshes whose proxy takes the connections of probes.
const (
	NoMesh  Mesh = ""
	Istio   Mesh = "istio"
	Linkerd Mesh = "linkerd"
)

// Mesh is the service mesh whose proxy is in the Pod already.
func (p *Pod) Mesh() Mesh {
	for _, containers := range [...][]Container{p.Spec.Containers, p.Spec.InitContainers} {
		for i := range containers {
			switch containers[i].Name {
			case "istio-proxy":
				return Istio
			case "linkerd-proxy":
				return Linkerd
			}
		}
	}
	return NoMesh
}
