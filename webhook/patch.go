package webhook

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// maxAnnotationBytes is what the API server allows for all annotations of an object, keys and values together
// (k8s.io/apimachinery/pkg/api/validation, TotalAnnotationSizeLimitB). A Pod over it is refused.
const maxAnnotationBytes = 256 << 10

// maxObjectBytes is what etcd stores of one object by default (--max-request-bytes). A Pod over it is refused. The API
// server stores less than the JSON that it sends to us, so that a review within the limit is on the safe side.
const maxObjectBytes = 3 << 19

// statusAnnotation is the key under which a Pod carries what was decided about it.
const statusAnnotation = annotation.StatusKey

// injectedLabel, with the value "true", is on every Pod that got a probe from us, where Options.InjectedLabel asks for
// it.
const injectedLabel = annotation.Domain + "/injected"

// patch is what a decision changes.
type patch struct {
	// operations is the JSON patch (RFC 6902), nil if nothing changes.
	operations []byte
	// injections are the probes that the operations add.
	injections []policy.Injection
	// statusAdded says that the status annotation is among the operations, statusOmitted that it had no room.
	statusAdded, statusOmitted bool
	// contradictions counts injections that do not fit the Pod, which only a bug of the engine can produce. They are
	// left out: a patch with one of them would refuse the Pod or change a probe that exists.
	contradictions int
}

// newPatch turns a decision into operations that apply to the bytes that the Pod was decoded from. They are all "add",
// and none of them replaces anything but our own annotation.
func newPatch(pod *workload.Pod, d *policy.Decision, label bool) (patch, error) {
	var p patch
	if d.Mode == policy.ModeAudit {
		return p, nil
	}
	p.injections = make([]policy.Injection, 0, len(d.Injections))
	for i := range d.Injections {
		injection := &d.Injections[i]
		if !fits(pod, d.Injections[:i], injection) {
			p.contradictions++
			continue
		}
		probe, err := encodeProbe(injection.Probe)
		if err != nil {
			return patch{}, fmt.Errorf("encoding the %s probe of container %q: %w", injection.Kind, injection.Container.Name, err)
		}
		p.add(probePointer(injection), probe)
		p.injections = append(p.injections, *injection)
	}
	p.addStatus(pod, d.Status)
	if label && len(p.injections) > 0 {
		p.addLabel(pod)
	}
	if p.operations != nil {
		p.operations = append(p.operations, ']')
	}
	return p, nil
}

// add appends one operation. The pointer must need no JSON escaping, which holds for all that this file builds.
func (p *patch) add(pointer string, value []byte) {
	if p.operations == nil {
		p.operations = append(make([]byte, 0, 1536), '[')
	} else {
		p.operations = append(p.operations, ',')
	}
	p.operations = append(p.operations, `{"op":"add","path":"`...)
	p.operations = append(p.operations, pointer...)
	p.operations = append(p.operations, `","value":`...)
	p.operations = append(p.operations, value...)
	p.operations = append(p.operations, '}')
}

// fitsStorage says whether the Pod of a review of so many bytes can still be stored with the operations applied.
func (p *patch) fitsStorage(reviewBytes int) bool {
	return len(p.operations) == 0 || reviewBytes+len(p.operations) <= maxObjectBytes
}

// addStatus adds the status annotation, and what has to be there first. A status that is there already stays.
func (p *patch) addStatus(pod *workload.Pod, status string) {
	if status == "" {
		return
	}
	var annotations map[string]string
	if pod.Metadata != nil {
		annotations = pod.Metadata.Annotations
	}
	if old, ok := annotations[statusAnnotation]; ok && old == status {
		return
	}
	size := len(statusAnnotation) + len(status)
	for key, value := range annotations {
		if key != statusAnnotation {
			size += len(key) + len(value)
		}
	}
	if size > maxAnnotationBytes {
		p.statusOmitted = true
		return
	}
	p.statusAdded = true
	value := appendString(nil, status)
	member := append(appendString([]byte{'{'}, statusAnnotation), ':')
	member = append(append(member, value...), '}')
	// JSON's null and an absent member both decode to nil, and "add" replaces the one and creates the other.
	switch {
	case pod.Metadata == nil:
		p.add("/metadata", append(append([]byte(`{"annotations":`), member...), '}'))
	case annotations == nil:
		p.add("/metadata/annotations", member)
	default:
		p.add("/metadata/annotations/"+escapePointer(statusAnnotation), value)
	}
}

// addLabel adds the label of injected Pods, and what has to be there first. A label that is there already stays. The
// status comes before, so that metadata is there unless it had none and the status was left out.
func (p *patch) addLabel(pod *workload.Pod) {
	const value, member = `"true"`, `{"` + injectedLabel + `":"true"}`
	switch {
	case pod.Metadata == nil && p.statusAdded:
		p.add("/metadata/labels", []byte(member))
	case pod.Metadata == nil:
		p.add("/metadata", []byte(`{"labels":`+member+`}`))
	case pod.Metadata.Labels == nil:
		p.add("/metadata/labels", []byte(member))
	default:
		if _, ok := pod.Metadata.Labels[injectedLabel]; !ok {
			p.add("/metadata/labels/"+escapePointer(injectedLabel), []byte(value))
		}
	}
}

// probePointer is where the probe of an injection belongs. Kind and index are ours, no part comes from the Pod.
func probePointer(i *policy.Injection) string {
	list := "containers"
	if i.Container.Init {
		list = "initContainers"
	}
	return "/spec/" + list + "/" + strconv.Itoa(i.Container.Index) + "/" + i.Kind.FieldName()
}

// escapePointer escapes one reference token (RFC 6901).
func escapePointer(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

// fits says whether an injection can be added to the Pod: its container is there under its name, has no such probe,
// and gets none from an earlier injection. A null where a container belongs decodes to a container without a name,
// to which nothing can be added.
func fits(pod *workload.Pod, earlier []policy.Injection, i *policy.Injection) bool {
	containers := pod.Spec.Containers
	if i.Container.Init {
		containers = pod.Spec.InitContainers
	}
	at := i.Container.Index
	if i.Probe == nil || at < 0 || at >= len(containers) || containers[at].Name == "" || containers[at].Name != i.Container.Name {
		return false
	}
	for j := range earlier {
		e := &earlier[j]
		if e.Kind == i.Kind && e.Container.Init == i.Container.Init && e.Container.Index == at {
			return false
		}
	}
	switch i.Kind {
	case policy.Startup:
		return containers[at].StartupProbe == nil
	case policy.Liveness:
		return containers[at].LivenessProbe == nil
	case policy.Readiness:
		return containers[at].ReadinessProbe == nil
	default:
		return false
	}
}
