package lint

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

const (
	// longGrace is a grace period of the Pod, in seconds, that is long beside what a restart takes otherwise.
	longGrace = 300
	// rolloutDeadline is the default of a Deployment's progressDeadlineSeconds.
	rolloutDeadline = 600
)

// surroundingsRules find what only the Pod around a probe, or the probe beside it, makes wrong.
var surroundingsRules = []Rule{
	{
		ID: "PS037", Severity: Warning, on: killing, check: killsForGood,
		Summary:   "A liveness or startup probe in a container that is not restarted (restartPolicy Never, of the container or else of the Pod), or in a Pod of a Job that is not always restarted.",
		Message:   "{why}: a failing probe fails the work for good; remove it",
		Rationale: "The kubelet kills the container and does not start it again; a Job counts it as a failure. A short stall costs all that was done.",
		Sources:   [2]string{restarting, worker},
	},
	{
		ID: "PS038", Severity: Info, on: liveness, check: slowEnd,
		Summary:   "The Pod's terminationGracePeriodSeconds is longer than 300 s and liveness has none of its own.",
		Message:   "a hung container may take {seconds} s to end; set terminationGracePeriodSeconds here",
		Rationale: "A container that hangs seldom ends by itself. The Pod's grace period is meant for work that goes on.",
		Sources:   [2]string{task + "#probe-level-terminationgraceperiodseconds", stopping},
	},
	{
		ID: "PS039", Severity: Warning, on: every, check: sharedAddress,
		Summary:   "An http or tcp probe in a Pod on the host's network.",
		Message:   "on the host's network; make sure nothing else on the node can have port {port}",
		Rationale: "The Pod's address is the node's. Another process that has the port satisfies the probe.",
		Sources:   [2]string{prober},
	},
	{
		ID: "PS040", Severity: Info, on: startup, check: blocksApplication,
		Summary:   "A native sidecar has a startup probe.",
		Message:   "what starts after this sidecar, the application too, waits until this has passed",
		Rationale: "A fact, and the documented way to let the application wait for a sidecar. It is worth knowing because the application never starts if the probe never passes.",
		Sources:   [2]string{sidecars},
	},
	{
		ID: "PS041", Severity: Info, on: startup, check: beyondRollout,
		Summary:   "In a Pod of a Deployment, the startup probe guarantees more than 600 s.",
		Message:   "allows {seconds} s, a rollout 600 s; write a longer progressDeadlineSeconds",
		Rationale: "progressDeadlineSeconds of a Deployment is 600 unless written: the rollout counts as failed while the start is still allowed.",
		Sources:   [2]string{deployment},
	},
	{
		ID: "PS042", Severity: Warning, on: every, check: alphaField,
		Summary:   "grpc.mode is TLS or httpGet.protocol is HTTP2.",
		Message:   "{field} is alpha in 1.37: silently dropped without its gate; remove it",
		Rationale: "Where the feature gates GRPCContainerProbeTLS and H2CContainerProbe are off, the API server drops the field and the probe asks in another way than it says.",
		Sources:   [2]string{gates},
	},
	{
		ID: "PS043", Severity: Warning, on: every, check: credentialInHeader,
		Summary:   "A header named Authorization, Proxy-Authorization or Cookie has a value.",
		Message:   "{header} shows a credential to all who read Pods; ask a path without one",
		Rationale: "Headers of probes are literal text in the Pod: they cannot come from a Secret.",
		Sources:   [2]string{secretsDoc},
	},
	{
		ID: "PS044", Severity: Warning, on: startup, check: weakerThanLiveness,
		Summary:   "The startup probe is a bare connection while liveness asks for an answer, or asks another port, or another path that neither is a start-up or readiness endpoint nor sums up that of liveness. Another query on the same path, and liveness that waits for the whole start itself, are not judged.",
		Message:   "may pass while liveness still fails; write what livenessProbe asks",
		Rationale: "Liveness begins when the startup probe has passed. If that proves less, the container is killed while it is still starting.",
		Sources:   [2]string{concepts, worker},
	},
}

func killsForGood(s subject, _ probe.Kind) ([]any, bool) {
	switch policy := s.restartPolicy(); {
	case policy == string(corev1.RestartPolicyNever):
		return found("restartPolicy is Never")
	case s.ownerKind() == kindJob && policy != string(corev1.RestartPolicyAlways):
		return found("belongs to a Job")
	}
	return nil, false
}

func slowEnd(s subject, kind probe.Kind) ([]any, bool) {
	grace := s.pod.Spec.TerminationGracePeriodSeconds
	if grace == nil || *grace <= longGrace || s.probe(kind).TerminationGracePeriodSeconds != nil {
		return nil, false
	}
	return found(*grace)
}

func sharedAddress(s subject, kind probe.Kind) ([]any, bool) {
	port, ok := writtenPort(s.probe(kind))
	if !s.pod.Spec.HostNetwork || !ok {
		return nil, false
	}
	return found(shown(port.String()))
}

func blocksApplication(s subject, _ probe.Kind) ([]any, bool) {
	return foundIf(s.container.Type == NativeSidecar)
}

func beyondRollout(s subject, kind probe.Kind) ([]any, bool) {
	owner := s.ownerKind()
	ofDeployment := owner == kindReplicaSet || owner == kindDeployment
	if guarantee := timesOf(s.probe(kind)).guarantee(); ofDeployment && guarantee > rolloutDeadline {
		return found(guarantee)
	}
	return nil, false
}

// alphaField finds a field without which the probe works in another way. What the fields mean when they are absent may be
// written as well, and where the gate is on, the API server itself writes it into every httpGet.
func alphaField(s subject, kind probe.Kind) ([]any, bool) {
	switch h := s.container.handlerOf(s.probe(kind)); {
	case h.mode == corev1.GRPCProbeModeTLS:
		return found("grpc.mode")
	case h.protocol == corev1.HTTPProtocolHTTP2:
		return found("httpGet.protocol")
	}
	return nil, false
}

// credentialHeaders are the headers of RFC 9110 and RFC 6265 that carry credentials.
var credentialHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie"}

func credentialInHeader(s subject, kind probe.Kind) ([]any, bool) {
	for _, header := range headersOf(s.probe(kind)) {
		for _, name := range credentialHeaders {
			// A cookie whose value says that a probe asks is a mark and no credential.
			if header.Value != "" && strings.EqualFold(header.Name, name) && !hasWord(header.Value, "probe", "healthcheck") {
				return found(name)
			}
		}
	}
	return nil, false
}

// waitsItself reports whether liveness leaves a start its time without a startup probe.
func (s subject) waitsItself(liveness *corev1.Probe) bool {
	budget := s.container.StartupBudget
	if class, ok := timing.ClassByName(timing.DefaultClassName); ok && budget == 0 {
		budget = class.StartupBudget
	}
	return timesOf(liveness).guarantee() >= int64(budget)
}

func weakerThanLiveness(s subject, kind probe.Kind) ([]any, bool) {
	liveness := s.probe(probe.Liveness)
	if liveness == nil || s.waitsItself(liveness) {
		return nil, false
	}
	start, live := s.container.handlerOf(s.probe(kind)), s.container.handlerOf(liveness)
	switch {
	case start.scheme == probe.TCP && live.scheme != probe.TCP:
		return foundIf(live.scheme != "")
	case start.scheme == probe.TCP, start.scheme == probe.GRPC && live.scheme == probe.GRPC:
		return foundIf(start.port != live.port)
	case start.http() && live.http():
		return foundIf(!provesMore(&start, &live))
	}
	return nil, false
}

// provesMore reports whether an application that answers the startup probe is known to answer liveness too, as far as
// paths tell.
func provesMore(start, live *handler) bool {
	if start.path == live.path {
		return start.port == live.port
	}
	return asksForStart(start.path) || asksForReadiness(start.path, start.query) ||
		start.port == live.port && start.path != "/" && strings.HasPrefix(live.path, strings.TrimSuffix(start.path, "/")+"/")
}
