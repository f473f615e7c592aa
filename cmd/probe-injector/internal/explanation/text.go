package explanation

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/page"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// printer puts the parts of a report on a page.
type printer struct{ *page.Page }

// WriteText prints the report for people, in the manner of kubectl describe.
func (r *Report) WriteText(to io.Writer) error {
	p := &printer{page.New(to)}
	for i := range r.Workloads {
		if i > 0 {
			p.Line("")
			p.Line("")
		}
		p.workload(&r.Workloads[i], r.Policy)
	}
	if len(r.Workloads) > 1 {
		p.Line("")
		p.Line("")
		p.Line(r.summary())
	}
	return p.Err()
}

// summary counts, for inputs of many workloads.
func (r *Report) summary() string {
	probed, wrong, unreached := 0, 0, 0
	for i := range r.Workloads {
		w := &r.Workloads[i]
		switch {
		case w.Unreached != "":
			unreached++
		case w.changed():
			probed++
		}
		if w.Wrong() {
			wrong++
		}
	}
	return fmt.Sprintf("%d workloads: %d get probes, %d never reach the webhook, %d with wrong annotations",
		len(r.Workloads), probed, unreached, wrong)
}

// changed reports whether any probe is added.
func (w *Workload) changed() bool {
	return slices.ContainsFunc(w.Answers, func(a Answer) bool { return a.adds() && a.Mode != v1alpha1.ModeAudit })
}

func (p *printer) workload(w *Workload, policyName string) {
	p.Wrapped("", w.Kind+" "+w.Name)
	p.field("Namespace", w.Namespace)
	if w.Source != "" {
		p.field("Source", w.Source)
	}
	if w.Live != nil {
		p.live(w.Live)
	}
	p.field("Policy", policyName)
	if w.Refused != "" {
		p.field("Refused", "the API server will not accept this: "+w.Refused)
	}
	p.misplaced(w)
	if w.Unreached != "" {
		p.field("Webhook", "never reached, because "+w.Unreached)
		for i := range w.Containers {
			p.Line("")
			p.container(&w.Containers[i])
		}
		return
	}
	for i := range w.Answers {
		if i > 0 {
			p.Line("")
		}
		p.webhook(w, &w.Answers[i])
		p.answer(&w.Answers[i])
	}
}

// fieldColumn is where the values of a workload's fields begin.
const fieldColumn = 11

// field prints a field of the workload; a name that is empty continues the one before.
func (p *printer) field(name, value string) {
	if name != "" {
		name += ":"
	}
	p.Wrapped(fmt.Sprintf("%-*s", fieldColumn, name), value)
}

func (p *printer) misplaced(w *Workload) {
	if len(w.Misplaced) == 0 {
		return
	}
	p.field("Misplaced", fmt.Sprintf("nothing reads these keys here; write them as annotations, at %s:", w.Place))
	for _, path := range w.Misplaced {
		p.Wrapped(strings.Repeat(" ", fieldColumn)+"- ", path)
	}
}

// status is the new value of the status annotation, or what becomes of it instead.
func (a *Answer) status() string {
	switch {
	case a.StatusOmitted:
		return "left out, because the Pod's annotations have no room for it (256 KiB)"
	case a.Status == "":
		return "not written"
	}
	return a.Status
}

// webhook says that the webhook is called, and what could keep the Pod from it all the same.
func (p *printer) webhook(w *Workload, a *Answer) {
	called, because := "called", "the Pod has annotations of probe-injector.dev"
	if w.Live != nil && w.Live.Next != nil && strings.HasPrefix(w.Live.Next.Line, untouched) {
		called = "should be called"
	}
	if group, ok := strings.CutPrefix(a.Route, "rules/"); ok {
		because = "rules select the Pod's namespace (entry " + group + ")"
	}
	said := called + ", because " + because
	if w.LabelsUnknown {
		said += fmt.Sprintf(", unless namespace %s is labelled %s=false: ", w.Namespace, policy.InjectLabel)
		if w.Live != nil {
			said += "you may not read it"
		} else {
			said += "its labels are not known here, add its Namespace to the input"
		}
	}
	p.field("Webhook", said)
}

func (p *printer) answer(a *Answer) {
	if a.Rule != "" {
		p.field("Rule", a.Rule)
	}
	if a.Mode == v1alpha1.ModeAudit {
		p.field("Mode", "Audit: this is decided and counted, and nothing is changed")
	}
	p.field("Status", a.status())
	if a.Label != "" {
		p.field("Label", a.Label)
	}
	for i, s := range a.Skips {
		p.listed(i, "Pod", s.sentence())
	}
	for i, m := range a.Mistakes {
		p.listed(i, "Mistakes", m.Field+": "+m.Message)
	}
	for i, warning := range a.Warnings {
		p.listed(i, "Warnings", warning)
	}
	for i := range a.Containers {
		p.Line("")
		p.container(&a.Containers[i])
	}
}

// listed is one item of a field with several; the first stands beside the name.
func (p *printer) listed(i int, name, item string) {
	if i > 0 {
		name = ""
	} else {
		name += ":"
	}
	p.Wrapped(fmt.Sprintf("%-*s- ", fieldColumn, name), item)
}

// sentence is the reason's word, what it means, and what to write.
func (s *Skip) sentence() string {
	text := string(s.Reason) + ": " + s.Fact
	if s.Remedy != "" {
		text += "; " + s.Remedy
	}
	return text
}
