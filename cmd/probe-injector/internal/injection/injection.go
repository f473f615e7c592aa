// Package injection writes into manifests what the webhook would add to their Pods.
//
// [Make] asks the policy, by the report that explain prints, and says for each source what becomes of it, byte for byte.
package injection

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/splice"
	"github.com/probe-injector/probe-injector/policy/shape"
)

// Options are how to write.
type Options struct {
	// Eject also removes the annotations of ours.
	Eject bool
	// Anew writes a document anew that lines cannot be added to, in place of refusing it.
	Anew bool
}

// Plan is what becomes of all sources, in their order.
type Plan struct {
	Sources []Source
	// Warnings are what people should know: the API server's words, and documents that are written anew.
	Warnings []string
	// UnknownNamespaces are those whose labels are not known and would matter.
	UnknownNamespaces []string
	// Wrong reports that an annotation is wrong, or where nothing reads it.
	Wrong bool
}

// Source is one source, and what becomes of it.
type Source struct {
	*manifest.Source
	Edits []splice.Edit
	// Changes are those of workloads, in the order of the source.
	Changes []Change
}

// Text is what becomes of the source.
func (s *Source) Text() []byte { return splice.ApplyEdits(s.Source.Text, s.Edits) }

// Change is what becomes of one workload.
type Change struct {
	Workload *manifest.Workload
	// Probes are those that are added, in the order of the containers.
	Probes []Probe
	// Annotations is how many are removed.
	Annotations int
}

// Name is the workload for people.
func (c *Change) Name() string { return c.Workload.Ref().String() }

// Probe is the member of a container that a probe is.
type Probe struct{ Container, Field string }

// Make plans what to do. The error names every document that is refused; then nothing is to be written.
func Make(file *policyfile.File, place string, in *manifest.Input, o Options) (*Plan, error) {
	report, err := explanation.Explain(file, place, in)
	if err != nil {
		return nil, err
	}
	p := newPlanner(in, o)
	p.plan.Wrong, p.plan.UnknownNamespaces = report.Wrong(), report.UnknownNamespaces()
	for i := range in.Workloads {
		w, explained := &in.Workloads[i], &report.Workloads[i]
		p.warn(w, explained)
		added := p.add(w, explained.Answers)
		if o.Eject {
			if err := p.eject(file, in, w, added); err != nil {
				return nil, err
			}
		}
	}
	return p.plan, p.splice()
}

// planner collects what to change, by documents.
type planner struct {
	plan      *Plan
	options   Options
	sources   map[*manifest.Source]*Source
	documents map[*manifest.Document]*document
}

func newPlanner(in *manifest.Input, o Options) *planner {
	p := &planner{plan: &Plan{Sources: make([]Source, len(in.Sources))}, options: o,
		sources: map[*manifest.Source]*Source{}, documents: map[*manifest.Document]*document{}}
	for i, s := range in.Sources {
		p.plan.Sources[i].Source = s
		p.sources[s] = &p.plan.Sources[i]
	}
	return p
}

// document is one with changes.
type document struct {
	splice.Change
	// workloads are those that change, for people.
	workloads []string
	// removed are the places of Remove as texts.
	removed map[string]bool
}

// document is the one that a workload stands in.
func (p *planner) document(w *manifest.Workload) *document {
	if p.documents[w.Document] == nil {
		p.documents[w.Document] = &document{removed: map[string]bool{}}
	}
	return p.documents[w.Document]
}

// change is that of a workload.
func (p *planner) change(w *manifest.Workload) *Change {
	changes := &p.sources[w.Document.Source].Changes
	if last := len(*changes) - 1; last < 0 || (*changes)[last].Workload != w {
		*changes = append(*changes, Change{Workload: w})
		d := p.document(w)
		d.workloads = append(d.workloads, w.Ref().String())
	}
	return &(*changes)[len(*changes)-1]
}

// warn tells what the API server would, and of annotations that nobody reads.
func (p *planner) warn(w *manifest.Workload, explained *explanation.Workload) {
	for i := range explained.Answers {
		for _, text := range explained.Answers[i].WarningsBeyondExisting() {
			p.say(w, nil, finding.Warning, text)
		}
	}
	for _, place := range w.Misplaced {
		if path := place.Path().String(); slices.Contains(explained.Misplaced, path) {
			p.say(w, place, finding.Warning, path+" has no effect there: move it to "+explained.Place)
		}
	}
}

// say adds a line about what stands at a place of a workload to what people should know.
func (p *planner) say(w *manifest.Workload, place shape.Place, severity finding.Severity, text string) {
	p.plan.Warnings = append(p.plan.Warnings, fmt.Sprintf("%s: %s: %s: %s", w.Position(place), severity, w.Ref(), text))
}

// add adds the probes of the answers, and returns them.
func (p *planner) add(w *manifest.Workload, answers []explanation.Answer) []splice.Member {
	var members []splice.Member
	for i := range answers {
		for _, added := range answers[i].Added() {
			of, ok := containerPlace(w, added.Container, added.Init)
			if !ok {
				continue
			}
			change := p.change(w)
			change.Probes = append(change.Probes, Probe{added.Container, added.Field})
			members = append(members, splice.Member{Of: of, Name: added.Field, Value: added.Value})
		}
	}
	if len(members) > 0 {
		d := p.document(w)
		d.Add = append(d.Add, members...)
	}
	return members
}

// containerPlace is where a container stands.
func containerPlace(w *manifest.Workload, name string, init bool) (shape.Place, bool) {
	list, containers := "containers", w.Pod.Spec.Containers
	if init {
		list, containers = "initContainers", w.Pod.Spec.InitContainers
	}
	for i := range containers {
		if containers[i].Name == name {
			return podPlace(w).With("spec", list, i), true
		}
	}
	return nil, false
}

// podPlace is where the Pod, or its template, stands in the document.
func podPlace(w *manifest.Workload) shape.Place { return w.Place.With(w.Template...) }

// splice finds the edits of all documents.
func (p *planner) splice() error {
	var errs []error
	for i := range p.plan.Sources {
		s := &p.plan.Sources[i]
		for _, d := range s.Documents {
			changed := p.documents[d]
			if changed == nil || changed.Empty() {
				continue
			}
			edits, err := p.spliced(d, changed)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			s.Edits = append(s.Edits, edits...)
		}
	}
	return errors.Join(errs...)
}

// spliced are the edits of one document, as those of its source.
func (p *planner) spliced(d *manifest.Document, changed *document) ([]splice.Edit, error) {
	text, name := d.Source.Text[d.Start:d.End], d.Source.Name
	edits, err := splice.Apply(text, changed.Change)
	refused, isRefusal := errors.AsType[*splice.RefusedError](err)
	if isRefusal {
		at := fmt.Sprintf("%s:%d: ", name, d.Line+refused.Line-1)
		why := strings.Join(changed.workloads, ", ") + ": " + refused.Why
		if !p.options.Anew {
			return nil, errors.New(at + why + "; without --in-place and --diff the document is printed anew")
		}
		p.plan.Warnings = append(p.plan.Warnings, at+string(finding.Note)+": "+why+"; the document is printed anew, without its comments")
		edits, err = anew(text, changed.Change)
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %s: %w", name, d.Line, strings.Join(changed.workloads, ", "), err)
	}
	for i := range edits {
		edits[i].Start += d.Start
		edits[i].End += d.Start
	}
	slices.SortStableFunc(edits, func(a, b splice.Edit) int { return cmp.Compare(a.Start, b.Start) })
	return edits, nil
}

// anew puts the whole document in its own place.
func anew(text []byte, change splice.Change) ([]splice.Edit, error) {
	all, err := splice.Encode(text, change)
	if !bytes.HasSuffix(text, []byte("\n")) {
		all = bytes.TrimSuffix(all, []byte("\n"))
	}
	return []splice.Edit{{Start: 0, End: len(text), Text: all}}, err
}
