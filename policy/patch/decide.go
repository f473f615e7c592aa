package patch

import (
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// MaxObjectBytes is what etcd stores of one object by default (--max-request-bytes). A Pod over it is refused. The API
// server stores less than the JSON that it sends, so that a review within the limit is on the safe side.
const MaxObjectBytes = 3 << 19

// maxAnnotationBytes is what the API server allows for all annotations of an object, keys and values together
// (k8s.io/apimachinery/pkg/api/validation, TotalAnnotationSizeLimitB). A Pod over it is refused.
const maxAnnotationBytes = 256 << 10

// Decider answers what to inject into a Pod; *policy.Policy is one.
type Decider interface {
	Decide(policy.Subject) policy.Decision
}

// Options are what a patch depends on beside the decision.
type Options struct {
	// ObjectBytes is how large the Pod arrived; 0 is unknown, which is never too large.
	ObjectBytes int
	// Label adds the label probe-injector.dev/injected=true to every Pod that gets a probe.
	Label bool
}

// Decide decides about a Pod and makes the patch, which agree with each other: a Pod that could not be stored with the
// patch gets none, and the decision says so; a status that has no room is omitted.
func Decide(p Decider, s policy.Subject, o Options) (policy.Decision, Patch, error) {
	d := p.Decide(s)
	if s.Pod == nil || d.Mode == v1alpha1.ModeAudit {
		return d, Patch{}, nil
	}
	if !statusFits(s.Pod, d.Status) {
		d.StatusOmitted, d.Status = true, ""
	}
	d.Label = o.Label && len(d.Injections) > 0
	made, err := New(s.Pod, &d)
	if err != nil {
		return d, Patch{}, err
	}
	if tooLarge(o.ObjectBytes, len(made.Operations)) {
		d.Withhold(reason.PodTooLarge)
		d.StatusOmitted, d.Label = false, false
		made = Patch{}
	}
	return d, made, nil
}

// tooLarge reports whether a Pod that can be stored could not be with the patch applied.
func tooLarge(objectBytes, patchBytes int) bool {
	return objectBytes > 0 && patchBytes > 0 && objectBytes+patchBytes > MaxObjectBytes
}

// statusFits reports whether the annotations of a Pod have room for its status.
func statusFits(pod *workload.Pod, status string) bool {
	if status == "" || pod.Metadata == nil {
		return true
	}
	size := len(annotation.StatusKey) + len(status)
	for key, value := range pod.Metadata.Annotations {
		if key != annotation.StatusKey {
			size += len(key) + len(value)
		}
	}
	return size <= maxAnnotationBytes || pod.Metadata.Annotations[annotation.StatusKey] == status
}
