package audit

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/reason"
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
	if !a.options.Selector.Matches(labels.Set(m.Spec.Template.Labels())) {
		return
	}
	known, _ := workload.KindOf(schema.GroupKind{Group: "apps", Kind: kind})
	pod := known.Pod(&m.Spec.Template, m.Metadata.Name)
	row := &maker{
		paused: m.Spec.Paused, onDelete: m.Spec.UpdateStrategy.Type == "OnDelete",
		misplaced: a.misplaced(m), wrong: a.mistakes(pod),
	}
	row.has.add(a.options.Policy, pod, nil)
	a.makers[Workload{m.Metadata.Namespace, strings.ToLower(kind), m.Metadata.Name}] = row
}

// misplaced finds keys of ours where nothing reads them: on the object itself, among the labels of its Pods, and below a domain
// that is not ours.
func (a *Auditor) misplaced(m *Maker) []string {
	const right = "spec.template.metadata.annotations"
	read := m.Spec.Template.Annotations()
	var all []string
	for _, key := range ours(m.Metadata.Annotations) {
		if said, ok := read[key]; ok && said == m.Metadata.Annotations[key] {
			// It stands where it is read as well: tools copy annotations.
			continue
		}
		all = append(all, key+" has no effect here: move it to "+right)
	}
	for _, key := range ours(m.Metadata.Labels) {
		if said, ok := read[key]; ok && said == m.Metadata.Labels[key] {
			continue
		}
		all = append(all, "label "+key+" has no effect: write it in "+right)
	}
	all = append(all, a.misplacedLabels(m.Spec.Template.Labels())...)
	return append(all, slices.Concat(misspelt(m.Metadata.Annotations), misspelt(m.Spec.Template.Annotations()))...)
}

// misplacedLabels finds keys of ours among the labels of a Pod.
func (a *Auditor) misplacedLabels(labels map[string]string) []string {
	var all []string
	for _, key := range ours(labels) {
		if policy.ReadsLabel(key) || (key == policy.InjectLabel && !a.options.Registration.ignoresLabel()) {
			continue
		}
		all = append(all, "label "+key+" has no effect: write it as an annotation")
	}
	return all
}

// misspelt finds annotations that were meant to be ours.
func misspelt(annotations map[string]string) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		if annotation.IsMisspelt(key) {
			all = append(all, key+" has no effect: the domain is "+annotation.Domain)
		}
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
	r.wrong = with(r.wrong, a.mistakes(pod))
	r.misplaced = with(r.misplaced, slices.Concat(a.misplacedLabels(pod.Labels()), misspelt(pod.Annotations())))
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

// mistakes are the wrong annotations of a Pod, with what would be right, in the words of the webhook's warnings.
func (a *Auditor) mistakes(pod *workload.Pod) []string {
	if len(ours(pod.Annotations())) == 0 {
		return nil
	}
	var all []string
	d := a.options.Policy.Decide(policy.Subject{Pod: pod})
	for _, n := range d.Notices(pod) {
		if n.Reason != reason.InvalidAnnotation || n.Key == "" {
			continue
		}
		if !a.options.RulesKnown && strings.HasSuffix(n.Key, "/"+string(annotation.Profile)) {
			// The cluster's policy may have the profile.
			continue
		}
		all = append(all, n.Message)
	}
	return all
}
