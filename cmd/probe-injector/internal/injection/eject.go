package injection

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/splice"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/shape"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// eject removes the annotations of ours of a workload, after its probes are added. Rules of the policy reach a Pod that carries
// none: where they would add to it, inject: "false" stays, and people are told of what has no such key.
func (p *planner) eject(file *policyfile.File, in *manifest.Input, w *manifest.Workload, added []splice.Member) error {
	if len(w.Annotations) == 0 {
		return nil
	}
	rule, err := ruleAfter(file, in, w, added)
	if err != nil {
		return err
	}
	handsOff := annotation.Key("", string(annotation.Inject))
	for _, place := range w.Annotations {
		key := fmt.Sprint(place[len(place)-1])
		if isOfPod := len(place) == len(w.Template)+3; isOfPod && rule != "" && key == handsOff && w.Pod.Annotations()[key] == "false" {
			p.say(w, place, finding.Note, fmt.Sprintf("%s: \"false\" stays, because rule %s of the policy would add probes", key, rule))
			rule = ""
			continue
		}
		p.remove(w, place)
	}
	if rule != "" {
		p.say(w, nil, finding.Note, "without annotations rule "+rule+" of the policy reaches it, and will add probes")
	}
	return nil
}

// remove removes one annotation. Two templates of one object share those of the object.
func (p *planner) remove(w *manifest.Workload, place shape.Place) {
	place = w.Place.With(place...)
	d := p.document(w)
	text := place.Path().String()
	if d.removed[text] {
		return
	}
	d.removed[text] = true
	p.change(w).Annotations++
	d.Remove = append(d.Remove, place)
}

// ruleAfter is the rule that would add probes to the Pod once the annotations are gone; empty when none would.
func ruleAfter(file *policyfile.File, in *manifest.Input, w *manifest.Workload, added []splice.Member) (string, error) {
	after := *w
	after.Pod = podAfter(w, added)
	report, err := explanation.Explain(file, "", &manifest.Input{Workloads: []manifest.Workload{after}, Namespaces: in.Namespaces})
	if err != nil {
		return "", err
	}
	answers := report.Workloads[0].Answers
	for i := range answers {
		if len(answers[i].Added()) > 0 {
			return answers[i].Rule, nil
		}
	}
	return "", nil
}

// podAfter is the Pod with its new probes, and without annotations of ours.
func podAfter(w *manifest.Workload, added []splice.Member) *workload.Pod {
	after := *w.Pod
	metadata := *w.Pod.Metadata
	metadata.Annotations = maps.Clone(metadata.Annotations)
	maps.DeleteFunc(metadata.Annotations, func(key, _ string) bool { return annotation.IsOurs(key) })
	after.Metadata = &metadata
	after.Spec.Containers = slices.Clone(w.Pod.Spec.Containers)
	after.Spec.InitContainers = slices.Clone(w.Pod.Spec.InitContainers)
	for _, m := range added {
		for _, list := range []struct {
			name       string
			containers []workload.Container
		}{{"containers", after.Spec.Containers}, {"initContainers", after.Spec.InitContainers}} {
			for i := range list.containers {
				if slices.Equal(m.Of, podPlace(w).With("spec", list.name, i)) {
					setProbe(&list.containers[i], m)
				}
			}
		}
	}
	return &after
}

// setProbe gives a container the probe of a member.
func setProbe(c *workload.Container, m splice.Member) {
	added, isProbe := m.Value.(*corev1.Probe)
	switch {
	case !isProbe:
	case m.Name == probe.Startup.FieldName():
		c.StartupProbe = added
	case m.Name == probe.Liveness.FieldName():
		c.LivenessProbe = added
	case m.Name == probe.Readiness.FieldName():
		c.ReadinessProbe = added
	}
}
