package detect

import (
	"strings"

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
// (high for liveness and medium for readiness unless the policy says otherwise); Pods that opt in get what there is.
var EvidenceTable = []EvidenceDescription{
	{EvidenceArgument, v1alpha1.ConfidenceHigh, "known by its argument %s", "the profile's handlers"},
	{EvidenceImage, v1alpha1.ConfidenceHigh, "known by its image %s", "the profile's handlers"},
	{EvidenceVariable, v1alpha1.ConfidenceHigh, "known by its variable %s", "the profile's handlers"},
	{EvidenceExistingProbe, v1alpha1.ConfidenceHigh, "its %s asks the same port", "tcp on that port"},
	{EvidencePortName, v1alpha1.ConfidenceMedium, "found by its port named %s", "tcp on that port"},
	{EvidencePortNumber, v1alpha1.ConfidenceMedium, "found by its only TCP port %s, where servers usually listen", "tcp on that port"},
	{EvidenceSolePort, v1alpha1.ConfidenceLow, "found by its only TCP port %s", "tcp on that port"},
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
	for _, d := range EvidenceTable {
		if d.Kind == e.Kind {
			return d
		}
	}
	return EvidenceDescription{}
}
