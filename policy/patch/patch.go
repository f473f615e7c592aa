package patch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// LabelKey is the label of Pods that got a probe, where a decision has Label; its value is LabelValue.
const (
	LabelKey   = policy.InjectedLabel
	LabelValue = "true"
)

// Patch is what a decision changes.
type Patch struct {
	// Operations is the JSON patch (RFC 6902), nil if nothing changes.
	Operations []byte
	// Injections are the probes that the operations add.
	Injections []policy.Injection
	// Contradictions counts injections that do not fit the Pod.
	Contradictions int
}

// New turns a decision into operations that apply to the JSON that the Pod was decoded from.
func New(pod *workload.Pod, d *policy.Decision) (Patch, error) {
	var p Patch
	if d.Mode == v1alpha1.ModeAudit {
		return p, nil
	}
	p.Injections = fitting(pod, d.Injections)
	p.Contradictions = len(d.Injections) - len(p.Injections)
	for i := range p.Injections {
		if err := p.add(pointer(&p.Injections[i]), p.Injections[i].Probe); err != nil {
			return Patch{}, err
		}
	}
	if err := p.addMetadata(pod, d); err != nil {
		return Patch{}, err
	}
	if p.Operations != nil {
		p.Operations = append(p.Operations, ']')
	}
	return p, nil
}

// usualBytes holds the operations of a usual Pod: three probes, status and label.
const usualBytes = 1536

// add appends one operation. The pointer needs no JSON escaping, which holds for all that are built here.
func (p *Patch) add(pointer string, value any) error {
	if p.Operations == nil {
		p.Operations = append(make([]byte, 0, usualBytes), '[')
	} else {
		p.Operations = append(p.Operations, ',')
	}
	p.Operations = append(p.Operations, `{"op":"add","path":"`...)
	p.Operations = append(p.Operations, pointer...)
	p.Operations = append(p.Operations, `","value":`...)
	encoded, err := json.Marshal(value, encoding)
	if err != nil {
		return fmt.Errorf("encoding what to add at %s: %w", pointer, err)
	}
	p.Operations = append(append(p.Operations, encoded...), '}')
	return nil
}

// encoding encodes probes as the API machinery does.
var encoding = json.JoinOptions(
	jsontext.AllowInvalidUTF8(true),
	jsonv1.OmitEmptyWithLegacySemantics(true),
	json.WithMarshalers(json.MarshalToFunc(encodePort)),
)

// encodePort spares the usual port the detour over text that its own method makes.
func encodePort(e *jsontext.Encoder, port intstr.IntOrString) error {
	if port.Type == intstr.Int {
		return e.WriteToken(jsontext.Int(int64(port.IntVal)))
	}
	return e.WriteToken(jsontext.String(port.StrVal))
}

// addMetadata adds the status annotation and the label. What is there already stays.
func (p *Patch) addMetadata(pod *workload.Pod, d *policy.Decision) error {
	var metadata workload.ObjectMeta
	exists := pod.Metadata != nil
	if exists {
		metadata = *pod.Metadata
	}
	if old, ok := metadata.Annotations[annotation.StatusKey]; d.Status != "" && (!ok || old != d.Status) {
		if err := p.addEntry(exists, "annotations", metadata.Annotations, annotation.StatusKey, d.Status); err != nil {
			return err
		}
		exists = true
	}
	if _, ok := metadata.Labels[LabelKey]; ok || !d.Label || len(p.Injections) == 0 {
		return nil
	}
	return p.addEntry(exists, "labels", metadata.Labels, LabelKey, LabelValue)
}

// addEntry adds an entry of a map of metadata, and what is missing around it. JSON's null and an absent member both
// decode to nil, and "add" replaces the one and creates the other.
func (p *Patch) addEntry(metadata bool, member string, all map[string]string, key, value string) error {
	switch {
	case !metadata:
		return p.add("/metadata", map[string]map[string]string{member: {key: value}})
	case all == nil:
		return p.add("/metadata/"+member, map[string]string{key: value})
	default:
		return p.add("/metadata/"+member+"/"+escape(key), value)
	}
}

// pointer is where the probe of an injection belongs. Kind and index are the engine's, no part comes from the Pod.
func pointer(i *policy.Injection) string {
	list := "containers"
	if i.Container.Init {
		list = "initContainers"
	}
	return "/spec/" + list + "/" + strconv.Itoa(i.Container.Index) + "/" + i.Kind.FieldName()
}

// escape escapes one reference token (RFC 6901).
func escape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

// fitting are the injections that can be added to the Pod, usually all.
func fitting(pod *workload.Pod, injections []policy.Injection) []policy.Injection {
	for i := range injections {
		if fits(pod, injections[:i], &injections[i]) {
			continue
		}
		some := append([]policy.Injection(nil), injections[:i]...)
		for j := i + 1; j < len(injections); j++ {
			if fits(pod, some, &injections[j]) {
				some = append(some, injections[j])
			}
		}
		return some
	}
	return injections
}

// fits reports whether an injection can be added to the Pod: its container is there under its name, has no such probe,
// and gets none from an earlier injection. A null where a container belongs decodes to a container without a name, to
// which nothing can be added.
func fits(pod *workload.Pod, earlier []policy.Injection, i *policy.Injection) bool {
	c := containerAt(pod, i.Container)
	if i.Probe == nil || c == nil || c.Name == "" || c.Name != i.Container.Name {
		return false
	}
	for j := range earlier {
		e := &earlier[j]
		if e.Kind == i.Kind && e.Container.Init == i.Container.Init && e.Container.Index == i.Container.Index {
			return false
		}
	}
	place := placeOf(i.Kind, &c.StartupProbe, &c.LivenessProbe, &c.ReadinessProbe)
	return place != nil && *place == nil
}

// containerAt is the container of an injection, nil if there is none.
func containerAt(pod *workload.Pod, at policy.ContainerRef) *workload.Container {
	containers := pod.Spec.Containers
	if at.Init {
		containers = pod.Spec.InitContainers
	}
	if at.Index < 0 || at.Index >= len(containers) {
		return nil
	}
	return &containers[at.Index]
}
