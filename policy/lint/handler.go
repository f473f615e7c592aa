package lint

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// handler is that of a probe, with defaults filled in and a port name resolved, so that two can be compared.
type handler struct {
	scheme probe.Scheme
	host   string
	port   probe.Port
	// path is that of an HTTP request up to its query.
	path, query string
	headers     []corev1.HTTPHeader
	protocol    corev1.HTTPProtocol
	service     string
	mode        corev1.GRPCProbeMode
	command     []string
}

// handlerOf reads the handler of a probe of this container. A probe without one gives the zero handler.
func (c *Container) handlerOf(p *corev1.Probe) handler {
	written := probe.HandlerOf(p)
	h := handler{scheme: written.Scheme, port: c.resolve(written.Port), service: written.Service, command: written.Command}
	switch {
	case p.Exec != nil:
	case p.TCPSocket != nil:
		h.host = p.TCPSocket.Host
	case p.GRPC != nil:
		h.mode = cmp.Or(value(p.GRPC.Mode), corev1.GRPCProbeModePlaintext)
	case p.HTTPGet != nil:
		get := p.HTTPGet
		if h.scheme != probe.HTTPS {
			h.scheme = probe.HTTP
		}
		h.host, h.headers, h.protocol = get.Host, get.HTTPHeaders, protocolOf(get)
		h.path, h.query = pathOf(get)
	}
	return h
}

// same reports whether two handlers ask the same. No handler is like none.
func (h *handler) same(other *handler) bool {
	return h.scheme != "" && h.scheme == other.scheme && h.host == other.host && h.port == other.port &&
		h.path == other.path && h.query == other.query && slices.Equal(h.headers, other.headers) &&
		h.protocol == other.protocol && h.service == other.service && h.mode == other.mode &&
		slices.Equal(h.command, other.command)
}

func (h *handler) http() bool { return h.scheme == probe.HTTP || h.scheme == probe.HTTPS }

// resolve finds the number of a named port as the kubelet does (pkg/probe/util.go, ResolveContainerPort); a name
// that the container does not have stays a name.
func (c *Container) resolve(port probe.Port) probe.Port {
	if port.Name == "" {
		return port
	}
	for i := range c.Ports {
		if p := &c.Ports[i]; p.Name == port.Name {
			return probe.Port{Number: p.ContainerPort}
		}
	}
	return port
}

// isPlain reports whether a path is sent as it is written. The kubelet reads it as a URL, of which it keeps the path and
// the query (pkg/probe/http/request.go, formatURL).
func isPlain(path string) bool {
	return path == "" || path[0] == '/' && !strings.HasPrefix(path, "//") && strings.IndexByte(path, '#') < 0
}

// pathOf gives the path and the query of an HTTP request as it is sent. An empty path is "/"
// (pkg/apis/core/v1/defaults.go, SetDefaults_HTTPGetAction).
func pathOf(get *corev1.HTTPGetAction) (path, query string) {
	written := get.Path
	if !isPlain(written) {
		if u, err := url.Parse(written); err == nil && u.Opaque == "" {
			written = strings.TrimSuffix(u.EscapedPath()+"?"+u.RawQuery, "?")
		}
	}
	path, query, _ = strings.Cut(written, "?")
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return path, query
}

// protocolOf gives the protocol of an HTTP request, which is HTTP/1.1 if it is absent
// (pkg/apis/core/v1/defaults.go, defaultHTTPGetProtocol).
func protocolOf(get *corev1.HTTPGetAction) corev1.HTTPProtocol {
	return cmp.Or(value(get.Protocol), corev1.HTTPProtocolHTTP1)
}

// writtenPort is the port of an http or tcp handler as it is written.
func writtenPort(p *corev1.Probe) (intstr.IntOrString, bool) {
	switch {
	case p.HTTPGet != nil:
		return p.HTTPGet.Port, true
	case p.TCPSocket != nil:
		return p.TCPSocket.Port, true
	}
	return intstr.IntOrString{}, false
}

func value[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}
