package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// maker is what is known of a Deployment, StatefulSet or DaemonSet from the object itself.
type maker struct {
	paused, onDelete bool
	// has is what its template has, for one that has no Pods.
	has       inventory
	misplaced []string
	wrong     []string
}

// then is what has to follow a change of the template before it reaches the Pods.
func (m *maker) then() string {
	switch {
	case m == nil:
		return ""
	case m.paused:
		return "then resume it: it is paused, and changes reach no Pod"
	case m.onDelete:
		return "then delete its Pods: its updateStrategy is OnDelete"
	}
	return ""
}

// AddMaker takes an object of one of the kinds Deployment, StatefulSet and DaemonSet.
func (a *Auditor) AddMaker(kind string, m *Maker) {
	template := &m.Spec.Template
	if !a.options.Selector.Matches(labels.Set(template.Labels())) {
		return
	}
	known, _ := workload.KindOf(schema.GroupKind{Group: "apps", Kind: kind})
	always := true
	metadata := workload.ObjectMeta{}
	if template.Metadata != nil {
		metadata = *template.Metadata
	}
	metadata.OwnerReferences = []workload.OwnerReference{{
		APIVersion: known.OwnerAPIVersion, Kind: known.OwnerKind, Name: m.Metadata.Name, Controller: &always,
	}}
	pod := &workload.Pod{Metadata: &metadata, Spec: template.Spec}
	row := &maker{
		paused: m.Spec.Paused, onDelete: m.Spec.UpdateStrategy.Type == "OnDelete",
		misplaced: a.misplaced(m), wrong: a.mistakes(pod, field.NewPath("spec", "template")),
	}
	row.has.add(a.options.Policy, pod, nil)
	a.makers[Workload{m.Metadata.Namespace, strings.ToLower(kind), m.Metadata.Name}] = row
}

// misplaced finds keys of ours where nothing reads them: on the object itself, and among the labels of its Pods.
func (a *Auditor) misplaced(m *Maker) []string {
	var all []string
	own := field.NewPath("metadata")
	for _, key := range ours(m.Metadata.Annotations) {
		all = append(all, own.Child("annotations").Key(key).String()+" has no effect: move it to spec.template.metadata.annotations")
	}
	for _, key := range ours(m.Metadata.Labels) {
		all = append(all, own.Child("labels").Key(key).String()+" has no effect: write it as an annotation, at spec.template.metadata.annotations")
	}
	return append(all, a.misplacedLabels(m.Spec.Template.Labels(), field.NewPath("spec", "template", "metadata", "labels"))...)
}

// misplacedLabels finds keys of ours among the labels of a Pod.
func (a *Auditor) misplacedLabels(labels map[string]string, path *field.Path) []string {
	var all []string
	for _, key := range ours(labels) {
		if policy.ReadsLabel(key) || (key == policy.InjectLabel && !a.options.Registration.ignoresLabel()) {
			continue
		}
		all = append(all, path.Key(key).String()+" has no effect: write it as an annotation")
	}
	return all
}

// ours are the keys that ask for something where they are read.
func ours(all map[string]string) []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if annotation.Asks(key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// judgeAnnotations finds wrong and misplaced keys of a Pod whose template is not known.
func (a *Auditor) judgeAnnotations(r *row, pod *workload.Pod) {
	r.wrong = with(r.wrong, a.mistakes(pod, nil))
	r.misplaced = with(r.misplaced, a.misplacedLabels(pod.Labels(), field.NewPath("metadata", "labels")))
}

func with(set map[string]bool, texts []string) map[string]bool {
	for _, text := range texts {
		if set == nil {
			set = map[string]bool{}
		}
		set[text] = true
	}
	return set
}

// mistakes are the wrong annotations of a Pod, with what would be right.
func (a *Auditor) mistakes(pod *workload.Pod, path *field.Path) []string {
	if len(ours(pod.Annotations())) == 0 {
		return nil
	}
	d := a.options.Policy.Decide(policy.Subject{Pod: pod})
	var all []string
	for _, err := range d.Errors {
		if !a.options.RulesKnown && strings.HasSuffix(err.Field, "/"+string(annotation.Profile)+"]") {
			// The cluster's policy may have the profile.
			continue
		}
		said := err.Field
		if path != nil {
			said = path.String() + "." + said
		}
		if value, isText := err.BadValue.(string); isText && value != "" {
			said += fmt.Sprintf(": %q", value)
		}
		all = append(all, said+": "+err.Detail)
	}
	return all
}
