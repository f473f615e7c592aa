package lint

import (
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// addressRules find probes that ask at the wrong place, or in the wrong way.
var addressRules = []Rule{
	{
		ID: "PS045", Severity: Warning, on: every, check: wrongScheme,
		Summary:   "The probe's scheme does not fit its port: http, or grpc without TLS, on a port whose name has a word such as https, tls or websecure, or that has no name and is 443, 8443 or another usual number for TLS; https on a port named just http or web; HTTP/1.1 on one named just grpc, h2c or http2.",
		Message:   "{scheme} on port {port}, which says {protocol}; write the scheme that it speaks",
		Rationale: "A server with TLS answers a plain request with an error or not at all, and the reverse: the probe always fails.",
		Sources:   [2]string{httpProber},
	},
	{
		ID: "PS046", Severity: Warning, on: killing, check: undeclaredBesideDeclared,
		Summary:   "A liveness or startup probe asks a port that the container does not declare although it declares others. Exempt is a port that an argument or variable names, or that the software is known to have.",
		Message:   "port {number} is not declared, others are: if it is wrong, it kills; declare it",
		Rationale: "Declaring a port is documentation only, so the probe may work. But where the ports are written down, one that is missing is often a mistake, and this one restarts the container for ever.",
		Sources:   [2]string{"https://docs.kubelinter.io/#/generated/checks"},
	},
	{
		ID: "PS047", Severity: Warning, on: killing, check: neighboursPort,
		Summary:   "A liveness or startup probe asks a port that another container of the Pod declares, whose name does not say health, and the path does not name this container.",
		Message:   "port {number} is of container {name}: its failure restarts this one; ask an own port",
		Rationale: "The containers of a Pod share one address. The container that hangs is not found, and the one that is well is restarted.",
		Sources:   [2]string{prober, concepts},
	},
	{
		ID: "PS048", Severity: Warning, on: every, check: urlAsPath,
		Summary:   "The path of httpGet is a full URL, names a host, or has a fragment behind #.",
		Message:   "path is a URL: {what}; write the path alone",
		Rationale: "The kubelet reads the path as a URL and puts its own host and scheme into it. What it does not understand, such as host:port/path, it cannot send.",
		Sources:   [2]string{httpRequest},
	},
}

// wholeNames are port names that leave no doubt. Where such a word is only a part, as in http-healthz or grpc-read, the
// port of a published Pod spoke the other: with TLS, or HTTP/1.1 beside gRPC.
var wholeNames = map[string]workload.Protocol{
	"http": workload.HTTP1, "web": workload.HTTP1,
	"grpc": workload.HTTP2, "h2c": workload.HTTP2, "http2": workload.HTTP2,
}

// wrongScheme compares a probe with what the declaration of its port says.
func wrongScheme(s subject, kind probe.Kind) ([]any, bool) {
	h := s.container.handlerOf(s.probe(kind))
	i := slices.IndexFunc(s.container.Ports, func(p workload.ContainerPort) bool {
		return p.ContainerPort == h.port.Number && p.IsTCP()
	})
	if i < 0 || h.scheme == probe.TCP || h.scheme == probe.HTTP && s.container.Ports[i].Name == "http" {
		return nil, false
	}
	port := &s.container.Ports[i]
	what := h.misses(port)
	if what == "" || s.container.own(h.path, port.ContainerPort, kind) {
		return nil, false
	}
	return found(string(h.scheme), port.ContainerPort, what)
}

// misses is what a port speaks by its declaration and the handler does not; empty where they fit.
func (h *handler) misses(port *workload.ContainerPort) string {
	plain := h.scheme == probe.HTTP || (h.scheme == probe.GRPC && h.mode != corev1.GRPCProbeModeTLS)
	switch whole := wholeNames[port.Name]; {
	case plain && port.Speaks().TLS:
		return "TLS"
	case h.scheme == probe.HTTPS && whole == workload.HTTP1:
		return "http"
	case h.scheme == probe.HTTP && whole == workload.HTTP2 && h.protocol != corev1.HTTPProtocolHTTP2:
		return "HTTP/2"
	}
	return ""
}

// numberOf is the number that a probe over the network asks as a number; 0 for names, which are the container's own.
func (s subject) numberOf(kind probe.Kind) int32 {
	p := s.probe(kind)
	if written, ok := writtenPort(p); ok && written.Type != intstr.Int {
		return 0
	}
	number := s.container.handlerOf(p).port.Number
	if declared, _ := s.container.declared(number); declared || number < 1 || number > 65535 {
		return 0
	}
	return number
}

func undeclaredBesideDeclared(s subject, kind probe.Kind) ([]any, bool) {
	number := s.numberOf(kind)
	if number == 0 || !s.container.hasTCPPort() || s.neighbour(number) != "" || s.container.names(number) ||
		s.container.own("", number, probe.Startup, probe.Liveness, probe.Readiness) {
		return nil, false
	}
	return found(number)
}

func neighboursPort(s subject, kind probe.Kind) ([]any, bool) {
	number := s.numberOf(kind)
	if number == 0 {
		return nil, false
	}
	name := s.neighbour(number)
	if name == "" {
		return nil, false
	}
	// A container that is there to answer for others, as its name says, is asked on purpose.
	if hasWord(name, "health", "healthz", "healthcheck", "probe") {
		return nil, false
	}
	// Another helper is told by the path for whom: /healthcheck/dnsmasq.
	h := s.container.handlerOf(s.probe(kind))
	for segment := range strings.SplitSeq(h.path, "/") {
		if segment != "" && segment == s.container.Name {
			return nil, false
		}
	}
	return found(number, shown(name))
}

func urlAsPath(s subject, kind probe.Kind) ([]any, bool) {
	get := s.probe(kind).HTTPGet
	if get == nil || isPlain(get.Path) {
		return nil, false
	}
	u, err := url.Parse(get.Path[:min(len(get.Path), longestPath)])
	switch {
	case err == nil && u.Opaque != "":
		return found("it cannot be sent")
	case err == nil && (u.Host != "" || u.Scheme != ""):
		return found("its host does not count")
	case strings.Contains(get.Path, "#"):
		return found("what follows # is dropped")
	}
	return nil, false
}
