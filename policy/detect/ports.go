package detect

import (
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// ProfilePort finds the port of a profile in a container: by the profile's sources, then by its detections' ports. Without
// one, the container's own ports decide, unless a source is there and names no port that could be probed: then source names
// that source.
func ProfilePort(c *workload.Container, sources []v1alpha1.PortSource, detections []v1alpha1.Detection) (port int32, source string) {
	for i := range sources {
		s := &sources[i]
		port, present := portFrom(c, s)
		switch {
		case present && port == 0:
			return 0, s.Arg + s.Env
		case present:
			return port, ""
		}
	}
	for i := range detections {
		for _, port := range detections[i].Ports {
			if found, ok := c.DeclaredPort(probe.Port{Number: port.IntVal, Name: port.StrVal}); ok {
				return found, ""
			}
		}
	}
	return 0, ""
}

// portFrom reports whether a source is there, and which port it names: 0 where it names none that the kubelet could reach.
func portFrom(c *workload.Container, s *v1alpha1.PortSource) (port int32, present bool) {
	switch {
	case s.Arg != "":
		value, found := c.Argument(s.Arg)
		return portOfAddress(value), found
	case s.Env != "" && !c.Env.Has(s.Env):
		return 0, false
	case s.Env != "":
		value, literal := c.Env.Value(s.Env)
		switch {
		case !literal:
			return 0, true
		case s.Number != 0:
			return s.Number, value == s.Value
		}
		first, _, _ := strings.Cut(value, ";")
		return portOfAddress(first), true
	case s.Undeclared:
		return s.Number, true
	default:
		return c.DeclaredPort(probe.Port{Number: s.Number, Name: s.Name})
	}
}

// portOfAddress is the port of an address such as :8081, 0.0.0.0:8081 or a bare number. The kubelet connects to the
// Pod's address, which a server that listens on loopback does not serve.
func portOfAddress(address string) int32 {
	host, port, found := strings.Cut(address, ":")
	if i := strings.LastIndexByte(address, ':'); i >= 0 {
		host, port = address[:i], address[i+1:]
	}
	switch {
	case !found:
		return portNumber(address)
	case host == "localhost", host == "[::1]", strings.HasPrefix(host, "127."):
		return 0
	}
	// Traefik writes :8080/tcp.
	port, _, _ = strings.Cut(port, "/")
	return portNumber(port)
}

// portNumber is a port as it is written, 0 where it is none.
func portNumber(text string) int32 {
	const maxPort = 65535
	// Most texts are none, and strconv's error about each would be allocated.
	if digits := strings.TrimPrefix(text, "+"); digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0
	}
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil || number > maxPort {
		return 0
	}
	return int32(number)
}
