package policy

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// EvidenceKind is what a handler was found by when nobody wrote it.
type EvidenceKind string

// The kinds of evidence, the strongest first.
const (
	EvidenceArgument      EvidenceKind = "argument"
	EvidenceImage         EvidenceKind = "image"
	EvidenceVariable      EvidenceKind = "variable"
	EvidenceExistingProbe EvidenceKind = "existing_probe"
	EvidencePortName      EvidenceKind = "port_name"
	EvidencePortNumber    EvidenceKind = "port_number"
	EvidenceSolePort      EvidenceKind = "sole_port"
)

// EvidenceDescription says what a kind of evidence proves.
type EvidenceDescription struct {
	Kind       EvidenceKind
	Confidence v1alpha1.ConfidenceLevel
	// Because is the sentence for people; "%s" in it is replaced by what was seen.
	Because string
	// Gives is the handler that follows.
	Gives string
}

// EvidenceTable describes every kind of evidence, in the order in which it is looked for. Rules demand a confidence
// (high for liveness and medium for readiness unless the policy says otherwise); who asks in annotations gets what
// there is.
func EvidenceTable() [7]EvidenceDescription {
	return [...]EvidenceDescription{
		{EvidenceArgument, v1alpha1.ConfidenceHigh, "known by its argument %s", "the profile's handlers"},
		{EvidenceImage, v1alpha1.ConfidenceHigh, "known by its image %s", "the profile's handlers"},
		{EvidenceVariable, v1alpha1.ConfidenceHigh, "known by its variable %s", "the profile's handlers"},
		{EvidenceExistingProbe, v1alpha1.ConfidenceHigh, "its %s asks the same port", "tcp on that port"},
		{EvidencePortName, v1alpha1.ConfidenceMedium, "found by its port named %s", "tcp on that port"},
		{EvidencePortNumber, v1alpha1.ConfidenceMedium, "found by its only TCP port %s, where servers usually listen", "tcp on that port"},
		{EvidenceSolePort, v1alpha1.ConfidenceLow, "found by its only TCP port %s", "tcp on that port"},
	}
}

// Evidence is why a handler is believed that nobody wrote.
type Evidence struct {
	Kind EvidenceKind
	// Detail is what was seen: an argument, an image, a port. It is empty where Kind is.
	Detail string
}

// Confidence is what the evidence proves.
func (e Evidence) Confidence() v1alpha1.ConfidenceLevel { return e.describe().Confidence }

// Sentence says for people what was seen.
func (e Evidence) Sentence() string { return strings.Replace(e.describe().Because, "%s", e.Detail, 1) }

func (e Evidence) describe() EvidenceDescription {
	for _, d := range EvidenceTable() {
		if d.Kind == e.Kind {
			return d
		}
	}
	return EvidenceDescription{}
}

// evident is a port and why it is believed.
type evident struct {
	port     int32
	evidence Evidence
}

// portEvidence finds the port that a container serves on, by the strongest evidence.
func (d *deciding) portEvidence(q *request) (evident, reason.Reason, string) {
	if found, ok := d.probedPort(q); ok {
		return found, "", ""
	}
	port, why, detail := q.choosePort(d.policy.portNames[probe.TCP])
	if why != "" {
		return evident{}, why, detail
	}
	number, base := strconv.Itoa(int(port.ContainerPort)), baseName(port.Name)
	found := evident{port: port.ContainerPort, evidence: Evidence{EvidenceSolePort, number}}
	switch {
	case slices.Contains(d.policy.portNames[probe.TCP], base):
		found.evidence = Evidence{EvidencePortName, port.Name}
	case slices.Contains(d.policy.portNumbers, port.ContainerPort) && !slices.Contains(d.policy.otherPortNames, base):
		found.evidence = Evidence{EvidencePortNumber, number}
	}
	return found, "", ""
}

// probedPort is the port that other probes of the container ask, those that somebody wrote into the Pod and those that a
// key names. What we injected in an earlier pass proves nothing. Where they ask several ports, none is proven.
func (d *deciding) probedPort(q *request) (evident, bool) {
	var found evident
	for _, kind := range probe.Kinds() {
		port, ok := d.portWritten(q, kind)
		switch {
		case !ok:
			continue
		case port == 0 || (found.port != 0 && found.port != port):
			return evident{}, false
		}
		found = evident{port: port, evidence: Evidence{EvidenceExistingProbe, kind.FieldName()}}
	}
	return found, found.port != 0
}

// portWritten is the port of one probe that a person wrote, 0 where it cannot be known, and whether there is such a probe.
func (d *deciding) portWritten(q *request, kind probe.Kind) (int32, bool) {
	if existing := q.container.existing(kind); existing != nil && !d.isOurs(q, kind, existing) {
		handler := handlerOf(existing)
		return q.container.portAsked(handler.Port), handler.OverNetwork()
	}
	ask, has := q.asks.Get(kind)
	if !has || ask.None || ask.Choose() || !ask.Handler.OverNetwork() {
		return 0, false
	}
	handler, why, _ := d.resolve(q, ask.Handler)
	return handler.Port.Number, why == ""
}

// isOurs says whether the Pod's status lists an existing probe as injected by us.
func (d *deciding) isOurs(q *request, kind probe.Kind, existing *corev1.Probe) bool {
	return d.previous[q.ref.Name][kind] == handlerOf(existing).String()
}

// portAsked resolves the port of a probe that somebody wrote; 0 when the container has no such port.
func (c *Container) portAsked(port probe.Port) int32 {
	if port.Name == "" {
		return port.Number
	}
	number, _ := c.declared(port)
	return number
}

// fromEvidence finds a handler that nobody wrote: a known profile's, or a bare connection to a port. The connection
// proves that the port is open, not that anybody answers.
func (d *deciding) fromEvidence(q *request, kind probe.Kind) (choice, reason.Reason, string) {
	if kind == probe.Liveness && d.asked && !d.policy.inferLiveness {
		return choice{}, reason.LivenessNotInferred, ""
	}
	known := q.known
	switch {
	case known.profile == nil:
		return d.fromPorts(q, kind)
	case known.overridden && (!d.asked || (kind.Kills() && !q.asks.Has(kind))):
		return choice{}, reason.CommandOverridden, known.profile.name
	case known.overridden:
		return d.fromPorts(q, kind)
	}
	evidence := Evidence{known.by, known.detail}
	if !d.asked && !reaches(evidence.Confidence(), d.demanded(kind)) {
		return choice{}, reason.LowConfidence, ""
	}
	chosen, why, detail := d.fromProfile(q, known.profile, kind)
	chosen.source, chosen.evidence = SourceEvidence, evidence
	return chosen, why, detail
}

// fromPorts infers a bare connection from the container's ports.
func (d *deciding) fromPorts(q *request, kind probe.Kind) (choice, reason.Reason, string) {
	found, why, detail := d.portEvidence(q)
	switch {
	case why != "":
		return choice{}, why, detail
	case found.port == mysqlPort:
		return choice{}, reason.PortNotProbed, strconv.Itoa(mysqlPort)
	case !d.asked && !reaches(found.evidence.Confidence(), d.demanded(kind)):
		return choice{}, reason.LowConfidence, ""
	}
	handler := probe.Handler{Scheme: probe.TCP, Port: probe.Port{Number: found.port}}
	return choice{handler: handler, source: SourceInference, evidence: found.evidence}, d.handlerObstacle(handler), ""
}

// demanded is the confidence that the policy asks for Pods that did not ask themselves.
func (d *deciding) demanded(kind probe.Kind) v1alpha1.ConfidenceLevel {
	if kind == probe.Readiness {
		return d.policy.confidence.Readiness
	}
	return d.policy.confidence.Liveness
}

func reaches(have, want v1alpha1.ConfidenceLevel) bool {
	order := [...]v1alpha1.ConfidenceLevel{v1alpha1.ConfidenceLow, v1alpha1.ConfidenceMedium, v1alpha1.ConfidenceHigh}
	return slices.Index(order[:], have) >= slices.Index(order[:], want)
}
