// Package explanation says what would happen to a workload's Pods, and why.
//
// [Explain] asks the engine, by the same routes as the API server, and puts its decision into a [Report]: plain data that
// is printed as JSON or YAML as it stands, and by [Report.WriteText] for people.
package explanation

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// The identity of a Report, for programs that read it.
const (
	APIVersion = "probe-injector.dev/v1alpha1"
	Kind       = "Explanation"
)

// Report is the whole output of explain.
type Report struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Policy names the policy that was asked.
	Policy    string     `json:"policy"`
	Workloads []Workload `json:"workloads"`
}

// Workload is what would happen to the Pods of one object.
type Workload struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace"`
	Name       string `json:"name"`
	// Source is the file; empty for a workload of a cluster.
	Source string `json:"source,omitempty"`
	// LabelsUnknown reports that the labels of the namespace are not known, which may keep the Pod from the webhook and let
	// other rules apply.
	LabelsUnknown bool `json:"labelsUnknown,omitempty"`
	// Refused says why the API server will not accept the object.
	Refused string `json:"refused,omitempty"`
	// Unreached says why the Pod never reaches the webhook; then there are no answers.
	Unreached string `json:"unreached,omitempty"`
	// Containers are then those about whose own probes there is something to say.
	Containers []Container `json:"containers,omitempty"`
	// Misplaced are the paths of keys that nothing reads where they stand, and Place is the path where they belong.
	Misplaced []string `json:"misplaced,omitempty"`
	Place     string   `json:"place,omitempty"`
	// Live is what a cluster says, where the workload was read from one.
	Live *Live `json:"live,omitempty"`
	// Answers are one for each route that the Pod goes through, in order: nearly always one.
	Answers []Answer `json:"answers,omitempty"`
}

// Answer is one decision in words.
type Answer struct {
	// Route is "annotations", or "rules/" and the name of the group.
	Route string `json:"route"`
	// Rule is the rule that matched.
	Rule string `json:"rule,omitempty"`
	// Mode is Audit when nothing is changed.
	Mode v1alpha1.Mode `json:"mode"`
	// Status is the new value of the status annotation; empty when it is not written.
	Status string `json:"status,omitempty"`
	// StatusOmitted reports that the Pod's annotations have no room for the status.
	StatusOmitted bool `json:"statusOmitted,omitempty"`
	// Label is the label that the Pod gets, as key=value; empty when it gets none.
	Label string `json:"label,omitempty"`
	// Warnings are what the API server shows to whoever creates the Pod.
	Warnings []string  `json:"warnings,omitempty"`
	Mistakes []Mistake `json:"mistakes,omitempty"`
	// Skips concern the Pod as a whole.
	Skips      []Skip      `json:"skips,omitempty"`
	Containers []Container `json:"containers,omitempty"`
	// unused are the good keys that have no effect.
	unused []policy.UnusedKey
	// plan is what the status says, without its version, also when nothing is changed.
	plan string
}

// Mistake is one wrong annotation.
type Mistake struct {
	// Field is the path in the object that was given.
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Skip is one probe, container or Pod that gets nothing.
type Skip struct {
	// Probe is the member of the container; empty when more than one probe is meant.
	Probe  string        `json:"probe,omitempty"`
	Reason reason.Reason `json:"reason"`
	// Fact says what the reason means here, Remedy what to write to change it.
	Fact   string `json:"fact"`
	Remedy string `json:"remedy,omitempty"`
}

// Container is what one container gets, and does not get.
type Container struct {
	Name string `json:"name"`
	// Init says that it is among the initContainers: a native sidecar.
	Init     bool      `json:"init,omitempty"`
	Probes   []Probe   `json:"probes,omitempty"`
	Skips    []Skip    `json:"skips,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
}

// Probe is one probe that is added.
type Probe struct {
	// Field is the member of the container that is added, Value what it gets.
	Field string        `json:"field"`
	Value *corev1.Probe `json:"value"`
	// Source is the layer that the handler came from, Because says it in a sentence.
	Source  policy.Source `json:"source"`
	Because string        `json:"because"`
	Numbers []Number      `json:"numbers"`
	// Guarantee is what the numbers promise together, Guarantees says it in sentences.
	Guarantee  policy.Guarantee `json:"guarantee"`
	Guarantees []string         `json:"guarantees"`
	// Evidence is why the handler is believed that nobody wrote, Profile the profile that it is from.
	Evidence   detect.EvidenceKind      `json:"evidence,omitempty"`
	Confidence v1alpha1.ConfidenceLevel `json:"confidence,omitempty"`
	Profile    string                   `json:"profile,omitempty"`
}

// Number is one number of a probe with its meaning.
type Number struct {
	Field   probe.Field `json:"field"`
	Value   int64       `json:"value"`
	Meaning string      `json:"meaning"`
}

// Finding is something worth knowing about a probe.
type Finding struct {
	Probe string `json:"probe,omitempty"`
	// Rule is the lint rule, as in docs/rules.md; empty for a risk that no rule names.
	Rule     lint.ID       `json:"rule,omitempty"`
	Severity lint.Severity `json:"severity"`
	Message  string        `json:"message"`
}

// Wrong reports whether an annotation of the workload is wrong, or where nothing reads it.
func (w *Workload) Wrong() bool {
	for i := range w.Answers {
		if len(w.Answers[i].Mistakes) > 0 {
			return true
		}
	}
	return len(w.Misplaced) > 0
}

// Wrong reports whether any workload has a wrong annotation.
func (r *Report) Wrong() bool {
	for i := range r.Workloads {
		if r.Workloads[i].Wrong() {
			return true
		}
	}
	return false
}

// UnknownNamespaces are those whose labels are not known and would matter, in the order of the workloads.
func (r *Report) UnknownNamespaces() []string {
	var names []string
	for i := range r.Workloads {
		if w := &r.Workloads[i]; w.LabelsUnknown && !slices.Contains(names, w.Namespace) {
			names = append(names, w.Namespace)
		}
	}
	return names
}

// Rules are the names of the rules that matched a workload.
func (r *Report) Rules() []string {
	var names []string
	for i := range r.Workloads {
		for j := range r.Workloads[i].Answers {
			if rule := r.Workloads[i].Answers[j].Rule; rule != "" && !slices.Contains(names, rule) {
				names = append(names, rule)
			}
		}
	}
	return names
}
