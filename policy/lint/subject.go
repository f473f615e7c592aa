package lint

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Container is one container with its probes in their final state.
type Container struct {
	*workload.Container
	Type ContainerType
	// StartupBudget is the longest healthy start in seconds, of the container's timing class or from a person.
	// 0 is unknown: then no rule judges whether the start has time enough.
	StartupBudget int32
	// Probes are those that exist and those that are going to be injected, whatever the container itself has. A nil probe
	// counts as none.
	Probes probe.Map[*corev1.Probe]
}

// ContainerType says in which list of the Pod a container stands, and how.
type ContainerType uint8

// The types of containers.
const (
	Regular ContainerType = iota
	// NativeSidecar is an init container with restartPolicy Always.
	NativeSidecar
	// Init is any other init container.
	Init
	Ephemeral
)

// mayHaveProbes reports whether the API server accepts probes (pkg/apis/core/validation/validation.go).
func (t ContainerType) mayHaveProbes() bool { return t == Regular || t == NativeSidecar }

// declared reports whether a port number is declared, and whether for TCP.
func (c *Container) declared(number int32) (declared, tcp bool) {
	for i := range c.Ports {
		if p := &c.Ports[i]; p.ContainerPort == number {
			declared, tcp = true, tcp || p.IsTCP()
		}
	}
	return declared, tcp
}

// hasTCPPort reports whether something can be probed over the network.
func (c *Container) hasTCPPort() bool {
	for i := range c.Ports {
		if p := &c.Ports[i]; p.ContainerPort > 0 && p.IsTCP() {
			return true
		}
	}
	return false
}

const (
	kindJob        = "Job"
	kindReplicaSet = "ReplicaSet"
	kindDeployment = "Deployment"
)

// ownerKind is the kind of the Pod's controller, such as ReplicaSet or Job; empty when there is none.
func (s subject) ownerKind() string {
	if owner := s.pod.Controller(); owner != nil {
		return owner.Kind
	}
	return ""
}

// runsForever reports whether the Pod serves until somebody deletes it, and does not work towards an end.
func (s subject) runsForever() bool {
	return s.ownerKind() != kindJob && s.pod.RestartsAlways()
}

// restartPolicy is the policy in force: the container's own goes before the Pod's
// (pkg/api/v1/pod/util.go, ContainerShouldRestart). Native sidecars are always restarted.
func (s subject) restartPolicy() string {
	own := s.container.RestartPolicy
	switch {
	case s.container.Type == NativeSidecar:
		return string(corev1.ContainerRestartPolicyAlways)
	case own != nil && *own != "":
		return string(*own)
	case s.pod.Spec.RestartPolicy != "":
		return string(s.pod.Spec.RestartPolicy)
	}
	return string(corev1.RestartPolicyAlways)
}
