package lint

import (
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/probe-injector/probe-injector/policy/probe"
)

// refusedRules find what the API server refuses, so that the mistake is named before it does.
var refusedRules = []Rule{
	{
		ID: "PS001", Severity: Error, on: every, check: notOneHandler,
		Summary:   "The probe has no handler, or more than one.",
		Message:   "{number} handlers; write exactly one of httpGet, tcpSocket, grpc, exec",
		Rationale: "The API server refuses the Pod.", Sources: [2]string{validationSource},
	},
	{
		ID: "PS002", Severity: Error, on: killing, check: successThreshold,
		Summary:   "successThreshold of a liveness or startup probe is not 1.",
		Message:   "successThreshold is {number}; write 1, nothing else is allowed here",
		Rationale: "The API server refuses the Pod.", Sources: [2]string{validationSource},
	},
	{
		ID: "PS003", Severity: Error, on: every, check: gracePeriod,
		Summary:   "terminationGracePeriodSeconds stands in a readiness probe, or is less than 1.",
		Message:   "terminationGracePeriodSeconds is {seconds}; {remedy}",
		Rationale: "The API server refuses the Pod. Readiness ends nothing, so it has no grace period.", Sources: [2]string{validationSource},
	},
	{
		ID: "PS004", Severity: Error, on: every, check: impossibleValue,
		Summary:   "A number is negative, a port is not within 1 to 65535, or the name of a port is not valid, such as a number in quotes.",
		Message:   "{field} is {value}; write {remedy}",
		Rationale: "The API server refuses the Pod.", Sources: [2]string{validationSource},
	},
}

func notOneHandler(s subject, kind probe.Kind) ([]any, bool) {
	p, handlers := s.probe(kind), 0
	for _, set := range [...]bool{p.HTTPGet != nil, p.TCPSocket != nil, p.GRPC != nil, p.Exec != nil} {
		if set {
			handlers++
		}
	}
	if handlers == 1 {
		return nil, false
	}
	return found(handlers)
}

func successThreshold(s subject, kind probe.Kind) ([]any, bool) {
	// A negative threshold is PS004's.
	if n := s.probe(kind).SuccessThreshold; n > 1 {
		return found(n)
	}
	return nil, false
}

func gracePeriod(s subject, kind probe.Kind) ([]any, bool) {
	grace := s.probe(kind).TerminationGracePeriodSeconds
	switch {
	case grace == nil:
		return nil, false
	case !kind.Kills():
		return found(*grace, "remove it here")
	case *grace <= 0:
		return found(*grace, "write 1 or more")
	}
	return nil, false
}

func impossibleValue(s subject, kind probe.Kind) ([]any, bool) {
	p := s.probe(kind)
	for _, n := range [...]struct {
		field probe.Field
		value int32
	}{
		{probe.InitialDelaySeconds, p.InitialDelaySeconds},
		{probe.TimeoutSeconds, p.TimeoutSeconds},
		{probe.PeriodSeconds, p.PeriodSeconds},
		{probe.SuccessThreshold, p.SuccessThreshold},
		{probe.FailureThreshold, p.FailureThreshold},
	} {
		if n.value < 0 {
			return found(n.field, n.value, "0 or more")
		}
	}
	if port, ok := writtenPort(p); ok {
		return impossiblePort(port)
	}
	if p.GRPC != nil {
		return impossiblePort(intstr.FromInt32(p.GRPC.Port))
	}
	return nil, false
}

func impossiblePort(port intstr.IntOrString) ([]any, bool) {
	const field = "port"
	if port.Type == intstr.Int {
		if port.IntVal < 1 || port.IntVal > 65535 {
			return found(field, port.IntVal, "1 to 65535")
		}
		return nil, false
	}
	if strings.Trim(port.StrVal, "0123456789") == "" && port.StrVal != "" {
		return found(field, shown("the text '"+port.StrVal+"'"), "it without quotes")
	}
	if len(validation.IsValidPortName(port.StrVal)) > 0 {
		return found(field, shown("'"+port.StrVal+"'"), "a name of a-z, 0-9 and -, at most 15 characters")
	}
	return nil, false
}

// brokenRules find what the API server accepts although it cannot work, and what Pod Security refuses.
var brokenRules = []Rule{
	{
		ID: "PS005", Severity: Error, on: every, check: unknownPortName,
		Summary:   "The probe names a port that this container does not declare.",
		Message:   "no port {name} in this container, so the probe never runs; name one that it has",
		Rationale: "The kubelet finds named ports in the container itself. It discards a probe that it cannot send: liveness never acts, readiness never passes, and with such a startup probe the container waits forever.",
		Sources:   [2]string{portResolving, issues + "106682"},
	},
	{
		ID: "PS006", Severity: Error, on: every, check: wrongProtocol,
		Summary:   "The probe asks a port that is declared for UDP or SCTP only.",
		Message:   "port {port} is not for TCP: the probe always fails; write a TCP port",
		Rationale: "Probes over the network are TCP connections. The API server does not compare the protocols.",
		Sources:   [2]string{validationSource, tcpProber},
	},
	{
		ID: "PS007", Severity: Error, on: every, anyType: true, check: wrongContainerType,
		Summary:   "An init container without restartPolicy Always, or an ephemeral container, has a probe.",
		Message:   "{type} containers cannot have probes; remove it",
		Rationale: "The API server refuses the Pod. Such containers end by themselves.", Sources: [2]string{validationSource},
	},
	{
		ID: "PS008", Severity: Error, on: every, check: foreignHost,
		Summary:   "httpGet or tcpSocket names a host. Exempt is the loopback address in a Pod on the host's network, which the baseline level does not admit anyway.",
		Message:   "names a host, which Pod Security forbids; remove host, the Pod itself is asked",
		Rationale: "The baseline level of Pod Security refuses any host since 1.34: the kubelet would send requests to wherever the Pod's author wants.",
		Sources:   [2]string{podSecurity},
	},
	{
		ID: "PS009", Severity: Error, on: every, check: invalidHeader,
		Summary:   "The name of an HTTP header is not valid, or its value has control characters.",
		Message:   "header {name} is not valid; write {remedy}",
		Rationale: "The API server refuses wrong names. It accepts line ends in values, but no request can be sent with them, so each probe fails.",
		Sources:   [2]string{validationSource, httpProber},
	},
}

func unknownPortName(s subject, kind probe.Kind) ([]any, bool) {
	port, ok := writtenPort(s.probe(kind))
	if !ok || port.Type != intstr.String {
		return nil, false
	}
	// A name that is not valid is PS004's.
	if s.container.resolve(probe.PortOf(port)).Name == "" || len(validation.IsValidPortName(port.StrVal)) > 0 {
		return nil, false
	}
	return found(shown(port.StrVal))
}

func wrongProtocol(s subject, kind probe.Kind) ([]any, bool) {
	h := s.container.handlerOf(s.probe(kind))
	if declared, tcp := s.container.declared(h.port.Number); declared && !tcp && h.port.Number > 0 {
		return found(h.port.Number)
	}
	return nil, false
}

func wrongContainerType(s subject, _ probe.Kind) ([]any, bool) {
	switch s.container.Type {
	case Init:
		return found("init")
	case Ephemeral:
		return found("ephemeral")
	default:
		return nil, false
	}
}

func foreignHost(s subject, kind probe.Kind) ([]any, bool) {
	h := s.container.handlerOf(s.probe(kind))
	return foundIf(h.host != "" && (!s.pod.Spec.HostNetwork || !isLoopback(h.host)))
}

// isLoopback reports whether a host is the machine itself.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || (err == nil && ip.IsLoopback())
}

func invalidHeader(s subject, kind probe.Kind) ([]any, bool) {
	for _, header := range headersOf(s.probe(kind)) {
		switch {
		case len(validation.IsHTTPHeaderName(header.Name)) > 0:
			return found(shown(header.Name), "a name of letters, digits and -")
		case strings.ContainsFunc(header.Value, isControl):
			return found(shown(header.Name), "its value without control characters")
		}
	}
	return nil, false
}

func isControl(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7f }

func headersOf(p *corev1.Probe) []corev1.HTTPHeader {
	if p.HTTPGet == nil {
		return nil
	}
	return p.HTTPGet.HTTPHeaders
}
