package explanation

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/statusline"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Explain asks the policy about every workload. The place names the policy for people.
func Explain(file *policyfile.File, place string, in *manifest.Input) (*Report, error) {
	report := &Report{APIVersion: APIVersion, Kind: Kind, Policy: place, Workloads: []Workload{}}
	for i := range in.Workloads {
		explained, err := explain(file, &in.Workloads[i], in.Namespaces)
		if err != nil {
			return nil, err
		}
		report.Workloads = append(report.Workloads, explained)
	}
	return report, nil
}

func explain(file *policyfile.File, w *manifest.Workload, namespaces map[string]map[string]string) (Workload, error) {
	out := Workload{
		APIVersion: w.APIVersion, Kind: w.Kind, Namespace: w.Namespace, Name: w.Name, Source: w.Document.Source.Name,
		Refused: w.Refused, Misplaced: misplaced(file, w),
	}
	if len(out.Misplaced) > 0 {
		out.Place = w.InPod("metadata", "annotations").String()
	}
	r := reach{file: file, pod: w.Pod, namespace: w.Namespace}
	if r.labels, r.labelsKnown = namespaces[w.Namespace]; !r.labelsKnown {
		r.labels = manifest.WithNameLabel(w.Namespace, nil)
	}
	out.LabelsUnknown = r.labelsMatter()
	routes := r.routes()
	if len(routes) == 0 {
		out.Unreached = r.unreached()
		out.Containers = judged(w.Pod, file.Policy.Lint(w.Pod))
		return out, nil
	}
	for _, route := range routes {
		// An earlier answer may have filled what the API server would send the Pod through this route for.
		if !slices.Contains(r.routes(), route) {
			continue
		}
		decision, _, err := patch.Decide(file.Policy, policy.Subject{Pod: r.pod, Route: route, Notes: true}, patch.Options{
			ObjectBytes: w.Bytes, Label: file.Registration.InjectedLabel,
		})
		if err != nil {
			return Workload{}, fmt.Errorf("%s %s: %w", w.Kind, w.Name, err)
		}
		out.Answers = append(out.Answers, answer(w, r.pod, route, &decision))
		// The next route sees the Pod with what this one does.
		r.pod = patch.Apply(r.pod, &decision)
	}
	return out, nil
}

// misplaced leaves out the label by which webhook.requireLabel lets Pods through.
func misplaced(file *policyfile.File, w *manifest.Workload) []string {
	label := w.InPod("metadata", "labels", policy.InjectLabel).String()
	var paths []string
	for _, place := range w.Misplaced {
		if path := place.Path().String(); !file.Registration.RequireLabel || path != label {
			paths = append(paths, path)
		}
	}
	return paths
}

// judged are the containers about whose own probes there is something to say, though nobody will change them.
func judged(pod *workload.Pod, findings []policy.Finding) []Container {
	a := Answer{}
	d := &policy.Decision{Findings: findings}
	for i := range pod.Spec.Containers {
		a.add(container(pod, pod.Spec.Containers[i].Name, false, d))
	}
	for i := range pod.Spec.InitContainers {
		a.add(container(pod, pod.Spec.InitContainers[i].Name, true, d))
	}
	return a.Containers
}

// answer puts one decision into words.
func answer(w *manifest.Workload, pod *workload.Pod, route policy.Route, d *policy.Decision) Answer {
	a := Answer{Route: "annotations", Rule: d.Rule, Mode: d.Mode, Status: d.Status, StatusOmitted: d.StatusOmitted, Warnings: d.Warnings}
	if d.Label {
		a.Label = patch.LabelKey + "=true"
	}
	if route.Group != "" {
		a.Route = "rules/" + route.Group
	}
	a.plan, a.unused = plan(pod, d), d.Unused
	if d.Mode == v1alpha1.ModeAudit {
		a.Status = ""
	}
	for _, err := range d.Errors {
		a.Mistakes = append(a.Mistakes, mistake(w, err))
	}
	for _, s := range d.Skips {
		if s.Container == "" {
			a.Skips = append(a.Skips, skip(s))
		}
	}
	for i := range pod.Spec.Containers {
		a.add(container(pod, pod.Spec.Containers[i].Name, false, d))
	}
	for i := range pod.Spec.InitContainers {
		a.add(container(pod, pod.Spec.InitContainers[i].Name, true, d))
	}
	return a
}

// plan is what the Pod's status says, or would say, without its version; empty when there is nothing to say.
func plan(pod *workload.Pod, d *policy.Decision) string {
	switch {
	case d.Status != "":
		return statusline.WithoutVersion(d.Status)
	case d.StatusOmitted:
		return "no room for the status (256 KiB of annotations)"
	}
	// What the template carries already stays as it is where it is right.
	return statusline.WithoutVersion(pod.Annotations()[annotation.StatusKey])
}

// add keeps a container about which there is something to say.
func (a *Answer) add(c Container) {
	if len(c.Probes)+len(c.Skips)+len(c.Findings) > 0 {
		a.Containers = append(a.Containers, c)
	}
}

// mistake moves an error's path from the Pod to the object that the person wrote.
func mistake(w *manifest.Workload, err *field.Error) Mistake {
	path := err.Field
	if len(w.Template) > 0 {
		path = w.Template.Path().String() + "." + path
	}
	return Mistake{Field: path, Message: err.ErrorBody()}
}

func container(pod *workload.Pod, name string, native bool, d *policy.Decision) Container {
	c := Container{Name: name, Init: native}
	for i := range d.Injections {
		if in := &d.Injections[i]; in.Container.Name == name {
			c.Probes = append(c.Probes, added(pod, d.Rule, in))
		}
	}
	for _, s := range d.Skips {
		if s.Container == name {
			c.Skips = append(c.Skips, skip(s))
		}
	}
	for _, f := range d.Findings {
		if f.Container == name {
			c.Findings = append(c.Findings, Finding{Probe: fieldName(f.Kind), Rule: f.Rule, Severity: f.Severity, Message: f.Message})
		}
	}
	return c
}

func added(pod *workload.Pod, rule string, in *policy.Injection) Probe {
	p := Probe{
		Field: in.Kind.FieldName(), Value: in.Probe, Source: in.Source,
		Evidence: in.Evidence.Kind, Confidence: in.Evidence.Confidence(), Profile: in.Profile,
		Because: because(pod, rule, in), Guarantee: in.Guarantee(), Guarantees: in.Guarantee().Sentences(in.Kind),
	}
	for _, e := range in.Explain() {
		p.Numbers = append(p.Numbers, Number{Field: e.Field, Value: e.Value, Meaning: e.Sentence})
	}
	return p
}

// because says where the handler came from.
func because(pod *workload.Pod, rule string, in *policy.Injection) string {
	name := in.Container.Name
	if in.Kind == probe.Startup && key(pod, name, string(probe.Startup)) == "" {
		return "lets the liveness probe wait until the container has started"
	}
	if in.CopiesLiveness {
		return "asks what the container's livenessProbe asks"
	}
	switch in.Source {
	case policy.SourceAnnotation:
		return "written in " + key(pod, name, string(in.Kind))
	case policy.SourceProfile:
		if profile := key(pod, name, string(annotation.Profile)); profile != "" {
			return "offered by the profile in " + profile
		}
		return "offered by the profile of rule " + rule
	case policy.SourceEvidence:
		return "the profile " + in.Profile + ", " + in.Evidence.Sentence()
	default:
		return in.Evidence.Sentence()
	}
}

// key is the annotation that sets a word for a container: its own, or that of the main container.
func key(pod *workload.Pod, container, word string) string {
	for _, name := range []string{container, ""} {
		key := annotation.Key(name, word)
		if pod.Metadata != nil && pod.Metadata.Annotations[key] != "" {
			return key
		}
	}
	return ""
}

// skip gives a reason its sentence.
func skip(s policy.Skip) Skip {
	description, _ := reason.Describe(s.Reason)
	return Skip{Probe: fieldName(s.Kind), Reason: s.Reason, Fact: description.FactAbout(s.Detail), Remedy: description.RemedyFor(s.Detail)}
}

func fieldName(kind probe.Kind) string {
	if kind == "" {
		return ""
	}
	return kind.FieldName()
}
