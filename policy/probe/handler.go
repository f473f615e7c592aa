package probe

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Scheme is the way a handler probes the container.
type Scheme string

// The schemes. Exec comes only from a profile, which the cluster's admin owns.
const (
	HTTP  Scheme = "http"
	HTTPS Scheme = "https"
	TCP   Scheme = "tcp"
	GRPC  Scheme = "grpc"
	Exec  Scheme = "exec"
)

// Port is a port as a person writes it: a number, or the name of a container port. The zero value is "none
// named": it is chosen from the container's ports.
type Port struct {
	Number int32
	Name   string
}

// IsZero says that no port was named.
func (p Port) IsZero() bool { return p == Port{} }

// String is the port as a person writes it.
func (p Port) String() string {
	if p.Name != "" {
		return p.Name
	}
	return strconv.Itoa(int(p.Number))
}

// Handler is what a probe does, before its port is resolved and after.
type Handler struct {
	Scheme Scheme
	Port   Port
	// Path is the request target of http and https, beginning with "/".
	Path string
	// Service is the name sent to the gRPC health service; empty asks for the server as a whole.
	Service string
	// Command is the argument vector of exec.
	Command []string
	// Headers are those that a profile's probe sends by http and https instead of the profile's; nil leaves it to the profile.
	Headers []corev1.HTTPHeader
}

// HandlerOf is the handler of a probe as it is written; the zero value when it has none. What a Handler has no member
// for, such as headers and a host, is left out.
func HandlerOf(p *corev1.Probe) Handler {
	switch {
	case p.Exec != nil:
		return Handler{Scheme: Exec, Command: p.Exec.Command}
	case p.TCPSocket != nil:
		return Handler{Scheme: TCP, Port: PortOf(p.TCPSocket.Port)}
	case p.GRPC != nil:
		h := Handler{Scheme: GRPC, Port: Port{Number: p.GRPC.Port}}
		if p.GRPC.Service != nil {
			h.Service = *p.GRPC.Service
		}
		return h
	case p.HTTPGet != nil:
		return Handler{Scheme: schemeOf(p.HTTPGet.Scheme), Port: PortOf(p.HTTPGet.Port), Path: p.HTTPGet.Path}
	}
	return Handler{}
}

// PortOf is a port as the API writes it.
func PortOf(p intstr.IntOrString) Port { return Port{Number: p.IntVal, Name: p.StrVal} }

// schemeOf allocates nothing for what the API server accepts.
func schemeOf(scheme corev1.URIScheme) Scheme {
	switch scheme {
	case corev1.URISchemeHTTP:
		return HTTP
	case corev1.URISchemeHTTPS:
		return HTTPS
	}
	return Scheme(strings.ToLower(string(scheme)))
}

// String spells the handler in the annotation grammar, so that what is printed can be written. An exec handler
// has no such spelling: it is printed as "exec", without its command.
func (h Handler) String() string {
	switch h.Scheme {
	case Exec:
		return string(Exec)
	case HTTP, HTTPS:
		if h.Port.IsZero() {
			return h.Path
		}
		return string(h.Scheme) + ":" + h.Port.String() + h.Path
	case GRPC:
		if h.Service != "" {
			return string(GRPC) + ":" + h.Port.String() + "/" + h.Service
		}
	}
	return string(h.Scheme) + ":" + h.Port.String()
}

// OverNetwork reports whether the kubelet connects to the Pod's address.
func (h Handler) OverNetwork() bool { return h.Scheme != Exec }

// IsHTTP reports whether the kubelet sends an HTTP request, with TLS or without.
func (h Handler) IsHTTP() bool { return h.Scheme == HTTP || h.Scheme == HTTPS }
