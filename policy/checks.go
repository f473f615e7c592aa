package policy

import (
	"slices"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Answer is what the gate says to a handler about which a check has found something.
type Answer string

// The answers.
const (
	// Refused handlers are not injected; the reason says why.
	Refused Answer = "refused"
	// Warned handlers are injected, and the person who wrote them is told the risk.
	Warned Answer = "injected, with the risk said"
	// Left handlers are injected, and a lint rule tells the risk.
	Left Answer = "injected; a lint rule tells the risk"
)

// subjectOfCheck is what a check looks at: it decides what of a handler a person must have written for the answer to a
// person to apply.
type subjectOfCheck uint8

const (
	// The zero value looks at the handler as a whole.
	_ subjectOfCheck = iota
	// aboutPort looks at the port: a path whose port the program chose is no person's choice.
	aboutPort
	// aboutContainer looks at the container: it is asked before a handler is chosen.
	aboutContainer
)

// check is one question of the gate.
type check struct {
	// question is what the check finds, in words.
	question string
	reason   reason.Reason
	about    subjectOfCheck
	// written is the answer where a person wrote what the check looks at; else the candidate is refused.
	written Answer
	// applies reports whether the check has found something, with the fact for the sentence of the reason.
	applies func(g *gated) (fact string, applies bool)
	// risk is the sentence for the person who is warned.
	risk func(g *gated, fact string) string
}

// CheckDescription describes one check for people.
type CheckDescription struct {
	// Question is what the check finds.
	Question string
	// Reason is why a handler that the program chose is refused; empty where the check concerns only what a person wrote.
	Reason reason.Reason
	// Written is the answer where a person wrote the handler, or its port where Port is set.
	Written Answer
	Port    bool
}

// Checks describes the questions of the gate, in the order in which they are asked.
func Checks() []CheckDescription {
	out := make([]CheckDescription, len(checks))
	for i := range checks {
		out[i] = CheckDescription{checks[i].question, checks[i].reason, checks[i].written, checks[i].about == aboutPort}
	}
	return out
}

// answer is the check's answer to the candidate.
func (c *check) answer(g *gated) Answer {
	if !g.candidate.explicit || (c.about == aboutPort && !g.candidate.writtenPort) {
		return Refused
	}
	return c.written
}

// checks are all questions about a handler, in the order in which they are told. Each looks at facts, not at where the
// handler came from.
var checks = []check{
	{
		question: "the container is a native sidecar", reason: reason.NativeSidecar, about: aboutContainer, written: Warned,
		applies: when(func(g *gated) bool { return g.ask.native }), risk: say("native sidecar: what it fails concerns the whole Pod"),
	},
	{
		question: "the container is a known sidecar", reason: reason.KnownSidecar, about: aboutContainer, written: Warned,
		applies: when(isInjectedSidecar), risk: say("known sidecar: it may bring its own probes"),
	},
	{
		question: "the container is known, by its image, to stand beside another", reason: reason.KnownSidecar, about: aboutContainer, written: Left,
		applies: when(isSidecar),
	},
	{
		question: "the Pod has the host's network", reason: reason.HostNetwork, about: aboutContainer, written: Left,
		applies: when(func(g *gated) bool { return g.pod.Spec.HostNetwork }),
	},
	{
		question: "the Pod is meant for a virtual node", reason: reason.VirtualNode, about: aboutContainer, written: Warned,
		applies: when(func(g *gated) bool { return g.pod.OnVirtualNode() }), risk: say("virtual nodes may ignore or refuse probes"),
	},
	{
		question: "the command is interactive or idle", reason: reason.NotAServer, about: aboutContainer, written: Warned,
		applies: when(func(g *gated) bool { return g.ask.container.Idles() }), risk: say("the command looks interactive or idle: does it serve?"),
	},
	{
		question: "the command is a known worker's, which listens nowhere", reason: reason.NotAServer, about: aboutContainer, written: Left,
		applies: when(func(g *gated) bool { return g.ask.container.IsWorker() }),
	},
	{
		question: "the host-header key is wrong, and the handler would send it", reason: reason.InvalidAnnotation, written: Refused,
		applies: when(func(g *gated) bool { return g.ask.blockedHost && g.candidate.handler.IsHTTP() }),
	},
	{
		question: "the port harms or blocks whoever connects without a client: MySQL's, a debugger's", reason: reason.PortNotProbed,
		about: aboutPort, written: Warned, applies: unprobedPort,
		risk: func(_ *gated, fact string) string { return "port " + fact },
	},
	{
		question: "another container declares the port", reason: reason.SharedPort, about: aboutPort, written: Warned,
		applies: foreignPort, risk: neighbourAnswers,
	},
	{
		question: "the container declares the port, and not for TCP", reason: reason.PortProtocol, about: aboutPort, written: Refused,
		applies: otherTransport,
	},
	{
		question: "the port does not speak the handler's protocol", reason: reason.PortProtocol, about: aboutPort, written: Warned,
		applies: wrongProtocol, risk: func(_ *gated, fact string) string { return "port " + fact },
	},
	{
		question: "a literal argument or variable binds exactly this port to loopback", reason: reason.Loopback, written: Refused,
		applies: func(g *gated) (string, bool) { return g.loopback(true) },
	},
	{
		question: "a literal argument or variable binds the server to loopback, without a port", reason: reason.Loopback, about: aboutPort, written: Warned,
		applies: func(g *gated) (string, bool) { return g.loopback(false) },
		risk: func(_ *gated, fact string) string {
			return fact + " binds to loopback, where the kubelet reaches nothing"
		},
	},
	{
		question: "a literal argument or variable gives a server that no profile knows another port", reason: reason.PortUnknown, about: aboutPort,
		written: Left, applies: otherPort,
	},
	{
		question: "the evidence is weaker than the policy demands for Pods that do not ask", reason: reason.LowConfidence, written: Left,
		applies: lacksEvidence,
	},
	{
		question: "the handler is a command, and the Pod runs on Windows", reason: reason.Windows, written: Left,
		applies: when(func(g *gated) bool { return g.candidate.handler.Scheme == probe.Exec && g.pod.IsWindows() }),
	},
	{
		question: "a mesh's proxy that came first takes the connections of a startup probe, which then always passes",
		reason:   reason.MeshProxy, written: Refused, applies: when(meshPassesStartup),
	},
	{
		question: "a mesh's proxy that came first answers instead", reason: reason.MeshProxy, written: Left, applies: when(meshAnswers),
	},
	{
		question: "Istio's proxy came first, and rewrites no http or grpc probe now", reason: reason.MeshProxy, written: Warned,
		applies: when(func(g *gated) bool {
			return g.pod.mesh == workload.Istio && g.candidate.handler.OverNetwork() && g.candidate.handler.Scheme != probe.TCP
		}),
		risk: say("istio-proxy came first and rewrites no probe now: it fails under STRICT mTLS"),
	},
	{
		question: "the detected software must not have this probe", reason: reason.NotOffered, written: Warned,
		applies: neverOffered, risk: func(g *gated, _ string) string { return g.software.profile.risk },
	},
}

func when(condition func(g *gated) bool) func(g *gated) (string, bool) {
	return func(g *gated) (string, bool) { return "", condition(g) }
}

func say(risk string) func(*gated, string) string { return func(*gated, string) string { return risk } }

// unprobed is a port that is not asked unless a person writes it.
type unprobed struct {
	words   []string
	numbers []int32
	fact    string
}

// unprobedPorts: MySQL counts connections that end before the handshake against max_connect_errors, and then refuses the
// whole host (MySQL Reference Manual, "Host 'host_name' is blocked"). A debugger takes one connection at a time, and Java's
// ends the handshake of everybody else (Java Debug Wire Protocol, "JDWP Handshake").
var unprobedPorts = []unprobed{
	{[]string{"mysql", "mysqlx", "mariadb", "galera"}, []int32{3306, 33060}, "counts bare connections as attacks"},
	{[]string{"debug", "debugger", "jdwp", "delve", "dlv"}, []int32{5005}, "is a debugger's, which takes one connection at a time"},
}

func unprobedPort(g *gated) (string, bool) {
	h := g.candidate.handler
	if !h.OverNetwork() {
		return "", false
	}
	declared := g.declared()
	for i := range unprobedPorts {
		each := &unprobedPorts[i]
		named := declared.HasWord(each.words)
		// A path is asked at a debug port only where it was named so.
		if named || (slices.Contains(each.numbers, h.Port.Number) && (declared.Name == "" || h.Scheme == probe.TCP)) {
			return h.Port.String() + " " + each.fact, true
		}
	}
	return "", false
}

// declared is the container's own declaration of the candidate's port; the zero value where it declares none.
func (g *gated) declared() workload.ContainerPort {
	for i := range g.ask.container.Ports {
		if p := &g.ask.container.Ports[i]; p.IsTCP() && p.ContainerPort == g.candidate.handler.Port.Number {
			return *p
		}
	}
	return workload.ContainerPort{}
}

// foreignPort finds another container that declares the port, whether or not this one does: containers of a Pod share one
// address, and only one of them can listen there.
func foreignPort(g *gated) (string, bool) {
	h := g.candidate.handler
	if !h.OverNetwork() || g.neighbour() == "" {
		return "", false
	}
	return h.Port.String(), true
}

// neighbour is the container beside this one that declares the candidate's port, or is probed there where this one does not
// declare it; empty where none is. Init containers that end are not beside it.
func (g *gated) neighbour() string {
	port := probe.Port{Number: g.candidate.handler.Port.Number}
	declares := g.ask.container.Declares(port)
	owns := func(c *workload.Container) bool {
		return c.Name != g.ask.ref.Name && (c.Declares(port) || (!declares && isProbedAt(c, port.Number)))
	}
	for i := range g.pod.Spec.Containers {
		if c := &g.pod.Spec.Containers[i]; owns(c) {
			return c.Name
		}
	}
	for i := range g.pod.Spec.InitContainers {
		if c := &g.pod.Spec.InitContainers[i]; c.RestartPolicy != nil && c.RestartsAlways() && owns(c) {
			return c.Name
		}
	}
	return ""
}

// isProbedAt reports whether a container has a probe on a port.
func isProbedAt(c *workload.Container, number int32) bool {
	for _, kind := range probe.Kinds() {
		if p := c.Probe(kind); p != nil {
			if h := probe.HandlerOf(p); h.OverNetwork() && portNumber(c, h.Port) == number {
				return true
			}
		}
	}
	return false
}

func neighbourAnswers(g *gated, port string) string {
	if g.candidate.kind.Kills() {
		return "port " + port + " is that of " + g.neighbour() + ": its failure restarts " + g.ask.ref.Name
	}
	return "port " + port + " is that of " + g.neighbour() + ", which answers instead"
}

// otherTransport: a port that software has by itself may be declared for something else.
func otherTransport(g *gated) (string, bool) {
	h := g.candidate.handler
	if !h.OverNetwork() {
		return "", false
	}
	declared := ""
	for i := range g.ask.container.Ports {
		switch p := &g.ask.container.Ports[i]; {
		case p.ContainerPort != h.Port.Number:
		case p.IsTCP():
			return "", false
		default:
			declared = string(p.Protocol)
		}
	}
	return h.Port.String() + " is declared for " + declared, declared != ""
}

// wrongProtocol compares the handler with what the port's name says that it speaks. What a port speaks that has no telling
// name is not known. That http meets a port of TLS is told by a lint rule where a person wrote it.
func wrongProtocol(g *gated) (string, bool) {
	h, declared := g.candidate.handler, g.declared()
	speaks := declared.Speaks()
	number := h.Port.String()
	switch {
	case declared.ContainerPort == 0:
		return "", false
	case h.Scheme == probe.HTTP && speaks.TLS:
		return number + " speaks TLS, the probe does not", true
	case h.Scheme == probe.HTTPS && speaks.Protocol == workload.HTTP1 && !speaks.TLS && g.candidate.source != SourceEvidence:
		return number + " is named " + declared.Name + ", the probe speaks TLS", true
	case h.IsHTTP() && speaks.Protocol == workload.HTTP2:
		return number + " is named " + declared.Name + ", the kubelet speaks HTTP/1.1", true
	case h.IsHTTP() && speaks.Protocol == workload.OtherProtocol:
		return number + " is named " + declared.Name + ", which is no HTTP", true
	case h.Scheme == probe.GRPC && speaks.TLS:
		return number + " speaks TLS, grpc probes do not", true
	}
	return "", false
}

// loopback finds what binds the candidate's port to loopback: exactly this port, or the host of all ports.
func (g *gated) loopback(exactly bool) (string, bool) {
	h := g.candidate.handler
	if !h.OverNetwork() {
		return "", false
	}
	bound, found := g.listenings.Loopback(h.Port.Number)
	return bound.Said, found && bound.Exactly == exactly
}

// otherPort finds what gives the server another port than the candidate's. A profile reads the settings of its software itself, and a
// handler that is copied was chosen by a person.
func otherPort(g *gated) (string, bool) {
	h := g.candidate.handler
	if !h.OverNetwork() || g.software.profile != nil || g.candidate.copied != nil {
		return "", false
	}
	said, found := g.listenings.Elsewhere(h.Port.Number)
	if !found {
		return "", false
	}
	return said + " is not port " + h.Port.String(), true
}

// lacksEvidence reports whether a handler that follows from ports alone is not believed enough for a Pod that does not ask, and
// what the admin can change.
func lacksEvidence(g *gated) (string, bool) {
	c := g.candidate
	if c.source != SourceInference || g.optedIn {
		return "", false
	}
	reached, demanded := c.evidence.Confidence(), g.policy.demanded(c.kind)
	if reaches(reached, demanded) {
		return "", false
	}
	setting := string(probe.Liveness)
	if c.kind == probe.Readiness {
		setting = string(probe.Readiness)
	}
	return string(reached) + ", policy.confidence." + setting + " is " + string(demanded), true
}

// demanded is the confidence that the policy asks for Pods that did not ask themselves.
func (p *Policy) demanded(kind probe.Kind) v1alpha1.ConfidenceLevel {
	if kind == probe.Readiness {
		return p.confidence.Readiness
	}
	return p.confidence.Liveness
}

func reaches(have, want v1alpha1.ConfidenceLevel) bool {
	order := [...]v1alpha1.ConfidenceLevel{v1alpha1.ConfidenceLow, v1alpha1.ConfidenceMedium, v1alpha1.ConfidenceHigh}
	return slices.Index(order[:], have) >= slices.Index(order[:], want)
}

// meshAnswers reports whether a proxy takes the probe's connection. Linkerd's passes http and grpc through.
func meshAnswers(g *gated) bool {
	h := g.candidate.handler
	return (g.pod.mesh == workload.Istio && h.OverNetwork() && (!g.candidate.explicit || h.Scheme == probe.TCP)) ||
		(g.pod.mesh == workload.Linkerd && h.Scheme == probe.TCP)
}

// meshPassesStartup reports whether a startup probe would end the start at once, so that liveness begins too early.
func meshPassesStartup(g *gated) bool {
	return g.candidate.kind == probe.Startup && g.candidate.handler.Scheme == probe.TCP && g.pod.mesh != workload.NoMesh
}

// neverOffered reports whether a person wrote a probe that the software's profile never gives. A profile that only names a
// protocol or a framework knows no software. A probe of the start kills as liveness does.
func neverOffered(g *gated) (string, bool) {
	known := g.software.profile
	if !g.candidate.explicit || known == nil || len(known.detect) == 0 || g.software.commandOverridden != "" {
		return "", false
	}
	kind := g.candidate.kind
	if kind.Kills() {
		kind = probe.Liveness
	}
	offered, has := known.probes[kind]
	return known.name, has && offered.offer == v1alpha1.Never && known.risk != ""
}
