package lint

import (
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// slowReadinessPeriod is a periodSeconds of readiness, in seconds, from which on a single lost probe is felt.
const slowReadinessPeriod = 5

// balanceRules find probes that are missing, and those that do not fit together.
var balanceRules = []Rule{
	{
		ID: LivenessAlone, Severity: Warning, on: liveness, check: livenessAlone,
		Summary:   "There is liveness and no readiness, in a container that serves: it declares a TCP port that is not only for metrics or health. Native sidecars, Jobs and Pods that are not always restarted are exempt.",
		Message:   "killed without being drained, traffic before it is ready; add a readinessProbe",
		Rationale: "Without readiness a container gets traffic as soon as its process runs, and until it is killed.",
		Sources:   [2]string{kubeScore},
	},
	{
		ID: "PS031", Severity: Warning, on: readiness, absent: true, check: readinessMissing,
		Summary:   "A container that serves has no readiness probe: it declares a TCP port that is not only for metrics or health. Jobs, Pods that are not always restarted, and native sidecars are exempt.",
		Message:   "no readinessProbe: gets traffic before it can answer; add one",
		Rationale: "A Service sends to every container that is ready, and without a probe that is every container that runs.",
		Sources:   [2]string{kubeScore, concepts},
	},
	{
		ID: "PS032", Severity: Info, on: liveness, absent: true, check: livenessMissing,
		Summary:   "There is no liveness probe.",
		Message:   "no livenessProbe: a hang that does not end the process is not restarted",
		Rationale: "A fact, not an advice: most applications end when they cannot go on, and a liveness probe that errs kills healthy containers.",
		Sources:   [2]string{kubeScore, dangerous},
	},
	{
		ID: "PS033", Severity: Info, on: every, check: undeclaredPort,
		Summary:   "The number of the probe's port is not among the container's ports, and no other rule says more about it.",
		Message:   "port {number} is not declared in this container; declare it, or correct it",
		Rationale: "Declaring a port is documentation only, so the probe may work. It may also be a mistake in writing.",
		Sources:   [2]string{"https://docs.kubelinter.io/#/generated/checks"},
	},
	{
		ID: "PS034", Severity: Info, on: liveness, check: readinessTooSlow,
		Summary:   "Liveness and readiness ask differently, and failureThreshold × periodSeconds of liveness is less than twice as long.",
		Message:   "restarts within {seconds} s, readiness drains within {seconds} s; leave time to drain",
		Rationale: "A container should be out of rotation before it is restarted, so that requests under way can end.",
		Sources:   [2]string{concepts},
	},
	{
		ID: "PS035", Severity: Info, on: readiness, check: oneLostProbe,
		Summary:   "failureThreshold of readiness is 1 and its periodSeconds 5 or more.",
		Message:   "one lost probe stops the traffic for {seconds} s or more; write failureThreshold 2",
		Rationale: "A lost packet or a short pause is enough. When all replicas are loaded, each one that leaves makes the others slower.",
		Sources:   [2]string{breck},
	},
	{
		ID: "PS036", Severity: Info, on: readiness, check: readinessOfDependency,
		Summary:   "The path of readiness names a dependency, such as /health/db.",
		Message:   "{path} seems to test a dependency: its outage removes every replica at once",
		Rationale: "Replicas share their dependencies. With none left, clients get refused connections instead of an answer that says what is wrong.",
		Sources:   [2]string{eks, breck},
	},
}

func livenessAlone(s subject, _ probe.Kind) ([]any, bool) {
	return foundIf(s.probe(probe.Readiness) == nil && s.serves())
}

func readinessMissing(s subject, _ probe.Kind) ([]any, bool) {
	return foundIf(s.serves())
}

func livenessMissing(subject, probe.Kind) ([]any, bool) { return foundIf(true) }

func undeclaredPort(s subject, kind probe.Kind) ([]any, bool) {
	p := s.probe(kind)
	if written, ok := writtenPort(p); ok && written.Type != intstr.Int {
		return nil, false
	}
	number := s.container.handlerOf(p).port.Number
	// A number that cannot be a port is PS004's.
	if declared, _ := s.container.declared(number); declared || number < 1 || number > 65535 {
		return nil, false
	}
	_, warned := undeclaredBesideDeclared(s, kind)
	_, foreign := neighboursPort(s, kind)
	if warned && kind.Kills() || foreign && kind.Kills() {
		return nil, false
	}
	return found(number)
}

func readinessTooSlow(s subject, kind probe.Kind) ([]any, bool) {
	live, ready, ok := s.both()
	if !ok || live.window() >= timing.WindowRatio*ready.window() || s.asksTheSame(kind, probe.Readiness) {
		return nil, false
	}
	return found(live.window(), ready.window())
}

func oneLostProbe(s subject, kind probe.Kind) ([]any, bool) {
	t := timesOf(s.probe(kind))
	if t.failures > 1 || t.period < slowReadinessPeriod {
		return nil, false
	}
	return found(t.period)
}

func readinessOfDependency(s subject, kind probe.Kind) ([]any, bool) {
	h, ok := s.httpHandler(kind)
	if ok && namesDependency(h.path, h.query) && !s.container.own(h.path, 0, probe.Readiness) {
		return found(shown(h.path))
	}
	return nil, false
}
