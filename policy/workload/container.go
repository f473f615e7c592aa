package workload

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// Probe is the probe that the container already has; nil when it has none of the kind.
func (c *Container) Probe(kind probe.Kind) *corev1.Probe {
	switch kind {
	case probe.Startup:
		return c.StartupProbe
	case probe.Liveness:
		return c.LivenessProbe
	default:
		return c.ReadinessProbe
	}
}

// IsTCP reports whether the port carries TCP; the API server defaults an empty protocol to it.
func (p *ContainerPort) IsTCP() bool { return p.Protocol == corev1.ProtocolTCP || p.Protocol == "" }

// TCPPorts are the TCP ports that the container declares.
func (c *Container) TCPPorts() []ContainerPort {
	var usable []ContainerPort
	for i := range c.Ports {
		if c.Ports[i].IsTCP() && c.Ports[i].ContainerPort > 0 {
			usable = append(usable, c.Ports[i])
		}
	}
	return usable
}

// HasTCPPort reports whether the container declares a TCP port.
func (c *Container) HasTCPPort() bool {
	return slices.ContainsFunc(c.Ports, func(p ContainerPort) bool { return p.IsTCP() && p.ContainerPort > 0 })
}

// Declares reports whether the container declares the named or numbered port, in TCP.
func (c *Container) Declares(port probe.Port) bool {
	_, declared := c.DeclaredPort(port)
	return declared
}

// Is reports whether a person's name or number means this port.
func (p *ContainerPort) Is(port probe.Port) bool {
	if port.Name != "" {
		return p.Name == port.Name
	}
	return p.ContainerPort == port.Number
}

// RestartsAlways reports whether a container that a probe kills is started again.
func (c *Container) RestartsAlways() bool {
	return c.RestartPolicy == nil || *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

// CPULimitMillis is the CPU limit in thousandths of a core; 0 when there is none or it cannot be read.
func (c *Container) CPULimitMillis() int64 {
	if c.Resources.Limits.CPU == "" {
		return 0
	}
	quantity, err := resource.ParseQuantity(c.Resources.Limits.CPU)
	if err != nil || quantity.Sign() < 0 {
		return 0
	}
	return quantity.MilliValue()
}

// Idles reports whether the container runs something that serves nobody: an interactive terminal, or a command that
// only waits.
func (c *Container) Idles() bool {
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

// shellIdles reports whether a shell is started without a script, or with one that only waits.
func shellIdles(args []string) bool {
	if len(args) == 0 {
		return true
	}
	script := strings.TrimSpace(args[len(args)-1])
	first, _, _ := strings.Cut(script, " ")
	return len(args) > 1 && (first == "sleep" || first == "tail") && !strings.ContainsAny(script, ";&|\n")
}

// DeclaredPort is the number of a TCP port that the container declares.
func (c *Container) DeclaredPort(port probe.Port) (int32, bool) {
	for i := range c.Ports {
		if p := &c.Ports[i]; p.IsTCP() && p.Is(port) {
			return p.ContainerPort, true
		}
	}
	return 0, false
}
