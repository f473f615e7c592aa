package lint

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/environment"
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
	// Own are the handlers at which the software in the container answers for itself, as far as it is known. What asks
	// one of them is right whatever its path looks like. nil where the software is unknown.
	Own *probe.Map[probe.Handler]
}

// own reports whether the software answers at the path and port for itself, to a probe of one of the kinds. A port of 0
// is any.
func (c *Container) own(path string, port int32, kinds ...probe.Kind) bool {
	if c.Own == nil {
		return false
	}
	for _, kind := range kinds {
		h, ok := c.Own.Get(kind)
		if !ok {
			continue
		}
		at, _, _ := strings.Cut(h.Path, "?")
		if (path == "" || at == path) && (port == 0 || c.resolve(h.Port).Number == port) {
			return true
		}
	}
	return false
}

// answersAt reports whether the software has the path for any of its probes.
func (c *Container) answersAt(path string) bool {
	return c.own(path, 0, probe.Startup, probe.Liveness, probe.Readiness)
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

// hasTCPPort reports whether a port is declared at which something can be probed over the network.
func (c *Container) hasTCPPort() bool {
	return slices.ContainsFunc(c.Ports, func(p workload.ContainerPort) bool { return p.ContainerPort > 0 && p.IsTCP() })
}

// names reports whether the number stands in the command line or in a variable, so that somebody chose the port.
func (c *Container) names(number int32) bool {
	text := strconv.Itoa(int(number))
	has := func(w string) bool { return hasNumber(w, text) }
	if slices.ContainsFunc(c.Command, has) || slices.ContainsFunc(c.Args, has) {
		return true
	}
	for _, name := range environment.Names() {
		if value, ok := c.Env.Value(name); ok && has(value) {
			return true
		}
	}
	return false
}

// hasNumber reports whether the digits stand in a text with no further digit beside them.
func hasNumber(text, digits string) bool {
	for text != "" {
		i := strings.Index(text, digits)
		if i < 0 {
			return false
		}
		after := text[i+len(digits):]
		if (i == 0 || !isDigit(text[i-1])) && (after == "" || !isDigit(after[0])) {
			return true
		}
		text = after
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// serves reports whether the container has clients that need it ready: it declares a TCP port that is not there only for
// those who watch it, and is no native sidecar, of which nobody expects more than its presence.
func (s subject) serves() bool {
	if s.container.Type != Regular || !s.runsForever() {
		return false
	}
	for i := range s.container.Ports {
		if p := &s.container.Ports[i]; p.ContainerPort > 0 && p.IsTCP() && !s.monitors(p.ContainerPort) {
			return true
		}
	}
	return false
}

// neighbour is the other container of the Pod that declares a TCP port which this one does not; empty for none.
func (s subject) neighbour(number int32) string {
	if declared, _ := s.container.declared(number); declared {
		return ""
	}
	port := probe.Port{Number: number}
	for i := range s.pod.Spec.Containers {
		other := &s.pod.Spec.Containers[i]
		if _, ok := other.DeclaredPort(port); ok && other.Name != s.container.Name {
			return other.Name
		}
	}
	for i := range s.pod.Spec.InitContainers {
		other := &s.pod.Spec.InitContainers[i]
		if _, ok := other.DeclaredPort(port); ok && isNative(other) && other.Name != s.container.Name {
			return other.Name
		}
	}
	return ""
}

// isNative reports whether an init container is a native sidecar.
func isNative(c *workload.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
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
