package lint

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Pod is what rules need to know about a container's Pod. The zero value is a Pod that always restarts its
// containers and that nobody owns.
type Pod struct {
	HostNetwork bool
	// RestartPolicy of the Pod; empty means Always, as for the API server.
	RestartPolicy corev1.RestartPolicy
	// OwnerKind is the kind of the controller, such as ReplicaSet or Job; of a workload that is linted by its
	// template, the kind of the workload itself. Empty when there is none or it is not known.
	OwnerKind string
	// Windows says that the containers run on Windows.
	Windows bool
	// Mesh names the service mesh whose proxy is already in the Pod, so that nobody rewrites probes any more:
	// Istio, Linkerd or NoMesh.
	Mesh Mesh
	// TerminationGracePeriodSeconds of the Pod; nil means the API's default of 30.
	TerminationGracePeriodSeconds *int64
}

// Mesh names a service mesh.
type Mesh = workload.Mesh

// The meshes whose proxy takes the connections of probes.
const (
	NoMesh  = workload.NoMesh
	Istio   = workload.Istio
	Linkerd = workload.Linkerd
)

// Container is one container with its probes.
type Container struct {
	Name string
	Type ContainerType
	// Image is the reference as it stands in the Pod.
	Image string
	Ports []Port
	// RestartPolicy of the container itself; empty means the Pod's.
	RestartPolicy corev1.ContainerRestartPolicy
	// StartupBudget is the longest healthy start in seconds, of the container's timing class or from a person.
	// 0 is unknown: then no rule judges whether the start has time enough.
	StartupBudget int32
	// Probes are those that exist and those that are going to be injected. A nil probe counts as none.
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

// Port is one port that a container declares.
type Port struct {
	Name   string
	Number int32
	// Protocol is TCP when empty, as for the API server.
	Protocol corev1.Protocol
}

func (p Port) tcp() bool { return p.Protocol == corev1.ProtocolTCP || p.Protocol == "" }

// declared reports whether a port number is declared, and whether for TCP.
func (c *Container) declared(number int32) (declared, tcp bool) {
	for _, p := range c.Ports {
		if p.Number == number {
			declared, tcp = true, tcp || p.tcp()
		}
	}
	return declared, tcp
}

// hasTCPPort reports whether something can be asked over the network.
func (c *Container) hasTCPPort() bool {
	for _, p := range c.Ports {
		if p.Number > 0 && p.tcp() {
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

// runsForever reports whether the Pod serves until somebody deletes it, and does not work towards an end.
func (p *Pod) runsForever() bool {
	return p.OwnerKind != kindJob && (p.RestartPolicy == corev1.RestartPolicyAlways || p.RestartPolicy == "")
}

// restartPolicy is the policy in force: the container's own goes before the Pod's
// (pkg/api/v1/pod/util.go, ContainerShouldRestart). Native sidecars are always restarted.
func (s subject) restartPolicy() string {
	switch {
	case s.container.Type == NativeSidecar:
		return string(corev1.ContainerRestartPolicyAlways)
	case s.container.RestartPolicy != "":
		return string(s.container.RestartPolicy)
	case s.pod.RestartPolicy != "":
		return string(s.pod.RestartPolicy)
	}
	return string(corev1.RestartPolicyAlways)
}
