package policy

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// existing gives the probe that the container already has.
func (c *Container) existing(kind probe.Kind) *corev1.Probe {
	switch kind {
	case probe.Startup:
		return c.StartupProbe
	case probe.Liveness:
		return c.LivenessProbe
	default:
		return c.ReadinessProbe
	}
}

// tcp says whether the port carries TCP; the API server defaults an empty protocol to it.
func (p *ContainerPort) tcp() bool { return p.Protocol == corev1.ProtocolTCP || p.Protocol == "" }

// mysqlPort counts connections that end before the handshake against max_connect_errors, and then refuses the
// whole host (MySQL Reference Manual, "Host 'host_name' is blocked"): it is never probed by a bare connection
// that nobody asked for.
const mysqlPort = 3306

// usablePorts are the TCP ports of the container.
func (c *Container) usablePorts() []ContainerPort {
	var usable []ContainerPort
	for i := range c.Ports {
		if c.Ports[i].tcp() && c.Ports[i].ContainerPort > 0 {
			usable = append(usable, c.Ports[i])
		}
	}
	return usable
}

// declares says whether the container declares the named or numbered port, in TCP.
func (c *Container) declares(port probe.Port) bool {
	return slices.ContainsFunc(c.Ports, func(p ContainerPort) bool { return p.tcp() && p.is(port) })
}

func (p *ContainerPort) is(port probe.Port) bool {
	if port.Name != "" {
		return p.Name == port.Name
	}
	return p.ContainerPort == port.Number
}

// restartsAlways says whether a container that a probe kills is started again.
func (c *Container) restartsAlways() bool {
	return c.RestartPolicy == nil || *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// cpuLimitMillis is the CPU limit in thousandths of a core; 0 when there is none or it cannot be read.
func (c *Container) cpuLimitMillis() int64 {
	if c.Resources.Limits.CPU == "" {
		return 0
	}
	quantity, err := resource.ParseQuantity(c.Resources.Limits.CPU)
	if err != nil || quantity.Sign() < 0 {
		return 0
	}
	return quantity.MilliValue()
}

// idles says whether the container runs something that serves nobody: an interactive terminal, or a command that
// only waits.
func (c *Container) idles() bool {
	if c.Stdin || c.TTY {
		return true
	}
	if len(c.Command) == 0 {
		return false
	}
	switch program := path.Base(c.Command[0]); program {
	case "sleep", "tail":
		return true
	case "sh", "bash", "ash", "dash", "zsh":
		return shellIdles(slices.Concat(c.Command[1:], c.Args))
	}
	return false
}

// shellIdles says whether a shell is started without a script, or with one that only waits.
func shellIdles(args []string) bool {
	if len(args) == 0 {
		return true
	}
	script := strings.TrimSpace(args[len(args)-1])
	first, _, _ := strings.Cut(script, " ")
	return len(args) > 1 && (first == "sleep" || first == "tail") && !strings.ContainsAny(script, ";&|\n")
}

// meshOf finds a proxy that was injected before us.
func meshOf(pod *Pod) lint.Mesh {
	for _, containers := range [][]Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			switch containers[i].Name {
			case "istio-proxy":
				return lint.Istio
			case "linkerd-proxy":
				return lint.Linkerd
			}
		}
	}
	return lint.NoMesh
}
