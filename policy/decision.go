package policy

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// Source is the layer of the precedence table from which a probe's handler came.
type Source string

// The layers from which a handler can come, the most specific first.
const (
	SourceAnnotation Source = "annotation"
	SourceProfile    Source = "profile"
	SourceEvidence   Source = "evidence"
	SourceInference  Source = "inference"
)

// ContainerRef points at one container of the Pod that was decided about.
type ContainerRef struct {
	Name string
	// Index is the position in spec.initContainers when Init is true, else in spec.containers.
	Index int
	Init  bool
}

// Injection is one probe to add to one container that has none of that kind.
type Injection struct {
	Container ContainerRef
	Kind      probe.Kind
	Probe     *corev1.Probe
	// Handler is what the Probe was built from, with the times of Timeline.
	Handler probe.Handler
	// Timeline has the times of all probes that the container will have.
	Timeline timing.Timeline
	Source   Source
	// Evidence is why the handler is believed, where Source is SourceEvidence or SourceInference.
	Evidence detect.Evidence
	// Profile is the profile that the handler is from, if it is from one.
	Profile string
	// CopiesLiveness reports that a startup probe asks what the container's own liveness probe asks.
	CopiesLiveness bool
}

// Timing is that of the probe itself.
func (in *Injection) Timing() timing.Timing { return in.Timeline.Of(in.Kind) }

// Withhold drops all that the decision would change, for a reason that only its caller can see.
func (d *Decision) Withhold(why reason.Reason) {
	d.Injections, d.Status = nil, ""
	d.Skips = []Skip{{Reason: why}}
	d.Warnings = nil
	if d.Asked {
		d.Warnings = podWarning(because(why))
	}
}

// Skip is one probe, or with an empty Kind one whole container or Pod, that gets nothing, and why.
type Skip struct {
	// Container is the container's name; empty when the whole Pod is meant.
	Container string
	Kind      probe.Kind
	Reason    reason.Reason
	// Detail is the fact in the sentence of the reason, for example the candidate ports. It never holds Pod
	// content other than names and ports of containers and the user's own annotation.
	Detail string
}

// Decision is the whole answer for one Pod. The zero value changes nothing and says nothing.
type Decision struct {
	// Mode is Audit when everything was decided but nothing may be changed.
	Mode v1alpha1.Mode
	// Asked says that the Pod's own annotations asked, or tried to ask, for something.
	Asked bool
	// Rule is the name of the rule that matched a Pod that did not ask; else empty.
	Rule string
	// Injections are the probes to add, ordered by container and then startup, liveness, readiness.
	Injections []Injection
	// Skips are the probes that were considered and are not added.
	Skips []Skip
	// Findings are what is worth knowing about the probes.
	Findings []Finding
	// Errors are all mistakes in the Pod's annotations, with exact field paths.
	Errors field.ErrorList
	// Mistake is the first of Errors for logs: the key, and what is wrong, without any part of the value.
	Mistake string
	// Unused are the good keys that have no effect.
	Unused []UnusedKey
	// Warnings are sentences for the person who created the Pod: at most MaxWarnings, each at most
	// MaxWarningLength characters, the container first.
	Warnings []string
	// Status is the value that the status annotation must get; empty when the annotation must stay as it is.
	Status string
	// StatusOmitted means that there was a status, but the Pod's annotations have no room for it.
	StatusOmitted bool
	// Label means that the Pod gets the label of Pods with injected probes.
	Label bool
}

// Limits of what a Decision says to people, from the API server's admission good practices: it cuts each
// warning to 256 runes and drops all once 4096 are exceeded over all webhooks; its documentation asks for 120.
const (
	MaxWarnings      = 3
	MaxWarningLength = 120
)
