package detect

import (
	"strings"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// EvidenceKind is the kind of fact from which a handler follows that nobody wrote.
type EvidenceKind string

// The kinds of evidence, the strongest first.
const (
	EvidenceArgument      EvidenceKind = "argument"
	EvidenceImage         EvidenceKind = "image"
	EvidenceVariable      EvidenceKind = "variable"
	EvidenceOwnPort       EvidenceKind = "own_port"
	EvidenceExistingProbe EvidenceKind = "existing_probe"
	EvidencePortName      EvidenceKind = "port_name"
	EvidencePortNumber    EvidenceKind = "port_number"
	EvidenceSolePort      EvidenceKind = "sole_port"
	EvidenceAmongPorts    EvidenceKind = "among_ports"
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

// EvidenceTable describes every kind of evidence, in the order in which it is looked for. Rules require a confidence: high
// for liveness and medium for readiness, unless the policy says otherwise. Pods that opt in accept any.
var EvidenceTable = []EvidenceDescription{
	{EvidenceArgument, v1alpha1.ConfidenceHigh, "known by its argument %s", "the profile's handlers"},
	{EvidenceImage, v1alpha1.ConfidenceHigh, "known by its image %s", "the profile's handlers"},
	{EvidenceVariable, v1alpha1.ConfidenceHigh, "known by its variable %s", "the profile's handlers"},
	{EvidenceOwnPort, v1alpha1.ConfidenceMedium, "known by its port %s", "the profile's handlers"},
	{EvidenceExistingProbe, v1alpha1.ConfidenceHigh, "its %s asks the same port", "tcp on that port"},
	{EvidencePortName, v1alpha1.ConfidenceMedium, "found by its only TCP port, named %s", "tcp on that port"},
	{EvidencePortNumber, v1alpha1.ConfidenceMedium, "found by its only TCP port %s, where servers usually listen", "tcp on that port"},
	{EvidenceSolePort, v1alpha1.ConfidenceLow, "found by its only TCP port %s", "tcp on that port"},
	{EvidenceAmongPorts, v1alpha1.ConfidenceLow, "chosen among several TCP ports: %s", "tcp on that port"},
}

// Evidence is the fact from which a handler follows that nobody wrote. The zero value is no evidence.
type Evidence struct {
	Kind EvidenceKind
	// Detail is what was seen: an argument, an image, a port. It is empty if Kind is empty.
	Detail string
}

// Confidence is how much the evidence proves.
func (e Evidence) Confidence() v1alpha1.ConfidenceLevel { return e.describe().Confidence }

// Sentence tells people what was seen.
func (e Evidence) Sentence() string { return strings.Replace(e.describe().Because, "%s", e.Detail, 1) }

func (e Evidence) describe() EvidenceDescription {
	for _, d := range EvidenceTable {
		if d.Kind == e.Kind {
			return d
		}
	}
	return EvidenceDescription{}
}
