package policy

import (
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// resolve turns a handler's port into a number: named ports are looked up in the container, because the kubelet
// silently never runs a probe whose port name it does not find, and a missing port is the one of the profile that
// describes the container, or chosen among the container's ports.
func (c *chooser) resolve(h probe.Handler, use portUse) (probe.Handler, refusal) {
	switch {
	case !h.OverNetwork():
		return h, refusal{}
	case h.Port.IsZero():
		return c.resolveMissing(h, use)
	case h.Port.Name == "":
		return h, refusal{}
	}
	number, declared := c.ask.container.DeclaredPort(h.Port)
	if !declared {
		return h, because(reason.NoPort)
	}
	h.Port = probe.Port{Number: number}
	return h, refusal{}
}

// resolveMissing chooses the port of a handler that names none. A path on a port that speaks TLS is asked with TLS.
func (c *chooser) resolveMissing(h probe.Handler, use portUse) (probe.Handler, refusal) {
	if p := c.software.profile; p != nil {
		port, source := detect.ProfilePort(c.ask.container, p.ports, c.software.detections())
		switch {
		case port != 0:
			h.Port = probe.Port{Number: port}
			return follow(h, c.ask.container), refusal{}
		case source != "":
			return h, refusal{reason.PortUnknown, source + " names no port that the kubelet reaches"}
		}
	}
	port, why := c.policy.ports.choose(c.ask.container, h, use)
	if why.refuses() {
		return h, why
	}
	h.Port = probe.Port{Number: port.ContainerPort}
	return follow(h, c.ask.container), refusal{}
}

// follow asks a path with TLS where the port that was chosen for it speaks TLS.
func follow(h probe.Handler, c *workload.Container) probe.Handler {
	for i := range c.Ports {
		p := &c.Ports[i]
		if h.Scheme == probe.HTTP && p.IsTCP() && p.ContainerPort == h.Port.Number && p.Speaks().TLS {
			h.Scheme = probe.HTTPS
		}
	}
	return h
}

// shownPorts bounds how many ports a sentence lists.
const shownPorts = 4

func portList(ports []workload.ContainerPort) string {
	var shown []string
	for i := range ports {
		if i == shownPorts {
			shown = append(shown, "...")
			break
		}
		shown = append(shown, strconv.Itoa(int(ports[i].ContainerPort)))
	}
	return strings.Join(shown, ", ")
}

// portNumber resolves the port of a probe that somebody wrote; 0 when the container has no such port.
func portNumber(c *workload.Container, port probe.Port) int32 {
	if port.Name == "" {
		return port.Number
	}
	number, _ := c.DeclaredPort(port)
	return number
}
