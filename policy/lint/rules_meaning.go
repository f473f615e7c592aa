package lint

import (
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// meaningRules find probes that do not test what their kind is for.
var meaningRules = []Rule{
	{
		ID: "PS022", Severity: Warning, on: killing, check: constantCommand,
		Summary:   "The command of a liveness or startup probe is constant (true, :, exit 0, echo), ends well in every way it can end (|| true, ; exit 0, in groups and under if too), or only lists what exists (pgrep, pidof, ps, ls, kill -0), directly or by sh -c.",
		Message:   "'{command}' (almost) always succeeds; ask the application itself, or remove it",
		Rationale: "It looks like protection and finds no hang, and such a startup probe guards no start. When the main process ends, the container ends and is restarted without any probe.",
		Sources:   [2]string{kyverno},
	},
	{
		ID: "PS023", Severity: Info, on: liveness, check: bareConnection,
		Summary:   "Liveness is a bare TCP connection.",
		Message:   "proves only that the port is open; httpGet or grpc would prove an answer",
		Rationale: "The operating system accepts connections for a process that hangs, until its backlog is full.",
		Sources:   [2]string{tcpProber},
	},
	{
		ID: "PS024", Severity: Warning, on: serving, check: proxyAnswers,
		Summary:   "Liveness or readiness is a bare TCP connection, and a mesh's proxy is already in the Pod, so that nobody rewrites the probe.",
		Message:   "{mesh}'s proxy accepts every connection: always passes; write {handler}",
		Rationale: "The proxy takes all connections to the Pod and accepts them before it knows whether the application does.",
		Sources:   [2]string{linkerdTCP, istioRewrite},
	},
	{
		ID: "PS025", Severity: Warning, on: liveness, check: asksForPage,
		Summary:   "The path of liveness is /, a login or an index. Exempt are the endpoints of software that answers there for itself, ports for metrics, health or administration, exporters, and requests with a header for probes.",
		Message:   "{path} may redirect or render a page; write the path of a health endpoint",
		Rationale: "A page is more work than an answer and fails for more reasons. A redirect to another host counts as success, so the probe may prove nothing.",
		Sources:   [2]string{httpProber},
	},
	{
		ID: "PS026", Severity: Warning, on: liveness, check: testsDependencies,
		Summary:   "The end of liveness's path, or its query, asks for readiness, for everything (deep, full, detailed) or for a dependency (db, redis …), or is an endpoint that reports all: /actuator/health, /q/health, /metrics, Micronaut's /health. Words must be whole; what the software is served below, what a query leaves out, and the software's own liveness endpoint do not count.",
		Message:   "{path} {why}; write a path of the process alone",
		Rationale: "When a dependency fails, all replicas are restarted, none comes back healthy, and the dependency gets all reconnections at once.",
		Sources:   [2]string{spring, eks},
	},
	{
		ID: "PS027", Severity: Warning, on: liveness, check: complexCommand,
		Summary:   "The liveness command calls curl, wget, psql, mysql, mongosh, nodetool, rabbitmqctl, kafka-… or java, has more than 2 pipes or more than 200 characters.",
		Message:   "complex command ({why}); write a cheaper one, or httpGet or grpc",
		Rationale: "Each run starts a process, often a runtime, and needs CPU in just the moment in which there is none. What can fail in the command restarts the application.",
		Sources:   [2]string{dangerous, issues + "82440"},
	},
	{
		ID: "PS028", Severity: Warning, on: every, check: missingProgram,
		Summary:   "The command begins with a shell or a POSIX tool, and the image has none by its name (distroless, Chainguard's static, scratch in its tag; not their debug variants), or the Pod runs on Windows.",
		Message:   "{program} cannot run {place}: the probe never counts; write httpGet or tcpSocket",
		Rationale: "A command that cannot be started is discarded: liveness never acts, readiness never passes, and with such a startup probe the container waits forever.",
		Sources:   [2]string{execProber, issues + "106682"},
	},
	{
		ID: "PS029", Severity: Warning, on: every, check: outlivingCommand,
		Summary:   "The command's own time limit (timeout N, curl --max-time N, pg_isready -t N …) is not shorter than timeoutSeconds; or a client that waits for a peer has none, and timeoutSeconds is 2 or less.",
		Message:   "{program} may run {time}, timeoutSeconds is {seconds}; limit it below that",
		Rationale: "When the kubelet gives up, the process may stay. Every probe leaves one more, until the container has no processes or memory left.",
		Sources:   [2]string{eks, issues + "124226"},
	},
}

// commandOf is the command of an exec probe; nil for any other.
func (s subject) commandOf(kind probe.Kind) []string {
	if p := s.probe(kind); p.Exec != nil {
		return p.Exec.Command
	}
	return nil
}

func constantCommand(s subject, kind probe.Kind) ([]any, bool) {
	argv := s.commandOf(kind)
	if len(argv) == 0 {
		return nil, false
	}
	if what, ok := alwaysSucceeds(argv); ok {
		return found(shown(what))
	}
	return nil, false
}

func bareConnection(s subject, kind probe.Kind) ([]any, bool) {
	return foundIf(s.probe(kind).TCPSocket != nil)
}

func proxyAnswers(s subject, kind probe.Kind) ([]any, bool) {
	if s.probe(kind).TCPSocket == nil {
		return nil, false
	}
	switch mesh := s.pod.Mesh(); mesh {
	case workload.NoMesh:
		return nil, false
	case workload.Linkerd:
		return found(string(mesh), "httpGet or grpc")
	default:
		// Under strict mTLS an Istio proxy that rewrites nothing refuses the kubelet's requests.
		return found(string(mesh), "exec")
	}
}

// httpHandler is the handler of an http or https probe.
func (s subject) httpHandler(kind probe.Kind) (handler, bool) {
	if s.probe(kind).HTTPGet == nil {
		return handler{}, false
	}
	return s.container.handlerOf(s.probe(kind)), true
}

func asksForPage(s subject, kind probe.Kind) ([]any, bool) {
	if h, ok := s.httpHandler(kind); ok && s.servesPages(&h) {
		return found(shown(h.path))
	}
	return nil, false
}

func testsDependencies(s subject, kind probe.Kind) ([]any, bool) {
	h, ok := s.httpHandler(kind)
	if !ok || s.container.own(h.path, 0, probe.Liveness, probe.Startup) {
		return nil, false
	}
	if why := whatItTests(h.path, h.query, s.container.Image); why != "" {
		return found(shown(h.path), why)
	}
	return nil, false
}

func complexCommand(s subject, kind probe.Kind) ([]any, bool) {
	argv := s.commandOf(kind)
	if len(argv) == 0 {
		return nil, false
	}
	if why, ok := complexity(argv); ok {
		return found(why)
	}
	return nil, false
}

func missingProgram(s subject, kind probe.Kind) ([]any, bool) {
	windows := s.pod.IsWindows()
	program, needs := needsUserland(s.commandOf(kind), windows)
	switch {
	case !needs:
		return nil, false
	case windows:
		return found(shown(program), "on Windows")
	case hasNoShell(s.container.Image):
		return found(shown(program), "in this image")
	}
	return nil, false
}

func outlivingCommand(s subject, kind probe.Kind) ([]any, bool) {
	argv := s.commandOf(kind)
	if len(argv) == 0 {
		return nil, false
	}
	timeout := timesOf(s.probe(kind)).timeout
	if program, runs, ok := outlives(argv, timeout); ok {
		return found(shown(program), runs, timeout)
	}
	return nil, false
}
