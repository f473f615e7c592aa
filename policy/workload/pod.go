package workload

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/environment"
)

// Pod is the part of a core/v1 Pod that decisions look at, under the JSON names of core/v1, so that an
// AdmissionReview decodes straight into it. What is missing here is never read and never re-encoded:
// a field that is newer than this build passes through untouched.
type Pod struct {
	// Metadata is nil when the object has none, which a patch must know before it adds an annotation.
	Metadata *ObjectMeta `json:"metadata"`
	Spec     PodSpec     `json:"spec"`
}

// ObjectMeta is the part of metav1.ObjectMeta that decisions look at.
type ObjectMeta struct {
	Name         string `json:"name"`
	GenerateName string `json:"generateName"`
	// Labels decide which rule's podSelector matches.
	Labels map[string]string `json:"labels"`
	// Annotations is nil when the object has none and empty when it has an empty map.
	Annotations     map[string]string `json:"annotations"`
	OwnerReferences []OwnerReference  `json:"ownerReferences"`
}

// OwnerReference is the part of metav1.OwnerReference that tells which controller made the Pod.
type OwnerReference struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Controller *bool  `json:"controller"`
}

// PodSpec is the part of core/v1 PodSpec that decisions look at.
type PodSpec struct {
	InitContainers []Container          `json:"initContainers"`
	Containers     []Container          `json:"containers"`
	RestartPolicy  corev1.RestartPolicy `json:"restartPolicy"`
	NodeSelector   map[string]string    `json:"nodeSelector"`
	HostNetwork    bool                 `json:"hostNetwork"`
	Tolerations    []Toleration         `json:"tolerations"`
	OS             *PodOS               `json:"os"`

	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds"`
}

// PodOS is core/v1 PodOS.
type PodOS struct {
	Name corev1.OSName `json:"name"`
}

// Toleration is the part of core/v1 Toleration that tells a virtual node.
type Toleration struct {
	Key string `json:"key"`
}

// Container is the part of core/v1 Container that decisions look at. Of the environment, which is the largest part of
// most Pods and may hold secrets, only the few variables of package environment are kept.
type Container struct {
	Name           string                         `json:"name"`
	Image          string                         `json:"image"`
	Command        []string                       `json:"command"`
	Args           []string                       `json:"args"`
	Env            environment.Variables          `json:"env"`
	Ports          []ContainerPort                `json:"ports"`
	Resources      Resources                      `json:"resources"`
	RestartPolicy  *corev1.ContainerRestartPolicy `json:"restartPolicy"`
	LivenessProbe  *corev1.Probe                  `json:"livenessProbe"`
	ReadinessProbe *corev1.Probe                  `json:"readinessProbe"`
	StartupProbe   *corev1.Probe                  `json:"startupProbe"`
	Stdin          bool                           `json:"stdin"`
	TTY            bool                           `json:"tty"`
}

// Limits is the part of a container's resource limits that decisions look at.
type Limits struct {
	// CPU is a resource.Quantity as it is written; empty when there is no limit.
	CPU string `json:"cpu"`
	// Accelerator reports that there is a GPU or another device that computes models.
	Accelerator bool `json:"-"`
}

// ContainerPort is the part of core/v1 ContainerPort that decisions look at.
type ContainerPort struct {
	Name          string          `json:"name"`
	ContainerPort int32           `json:"containerPort"`
	Protocol      corev1.Protocol `json:"protocol"`
}

// Resources is the part of core/v1 ResourceRequirements that decisions look at.
type Resources struct {
	Limits Limits `json:"limits"`
}
