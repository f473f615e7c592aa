// Package preflight decides what a person is told who applies a workload: an object with a Pod template. Warnings about the
// Pods themselves reach only the controller that makes them.
//
// Whoever changes the template or the annotations is told everything that is wrong. Whoever changes something else is told
// nothing. A person who tries it by kubectl --dry-run=server is told everything, and the plan: what the Pods will get. The
// lines are those of [Judge], in this order:
//
//	1  at most one for keys that nobody reads where they stand (unread.go)
//	2  the engine's warnings about the Pod of the template, in the same words
//	3  the plan (plan.go): the status annotation that the Pods will have
//
// In Deny mode a change is refused for what it wrote wrong itself, and for nothing else (refuse.go): a mistake that is
// stored already never stops a rollout, a restart or a new image.
package preflight

import (
	"maps"
	"strings"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/shape"
	"github.com/probe-injector/probe-injector/policy/text"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// The limits of what is said. kubectl prints every line; the API server cuts a warning at 256 characters.
const (
	MaxLines      = 5
	MaxLineLength = 200
)

// What of a kind and of a name a line begins with, so that a whole warning of the engine fits behind it.
const (
	maxKind = 30
	maxName = 40
)

// Object is a workload as far as it is looked at.
type Object struct {
	// Metadata is the object's own.
	Metadata *workload.ObjectMeta
	// JobMetadata is that of a CronJob's spec.jobTemplate.
	JobMetadata *workload.ObjectMeta
	// Template is the Pod template, nil if there is none.
	Template *workload.Pod
}

// Change is one CREATE or UPDATE of a workload.
type Change struct {
	// Kind is that of the object.
	Kind string
	// Form is where objects of the kind have their template, and who owns the Pods.
	Form workload.Kind
	// Object is what the workload becomes, Old what it was; nil on CREATE.
	Object, Old *Object
	// TemplateChanged reports that the template becomes another, in any field.
	TemplateChanged bool
	// TemplateBytes is how large it is as JSON.
	TemplateBytes int
	// ByPerson reports that it is a dry run by a person with kubectl.
	ByPerson bool
}

// Options are the admin's choices.
type Options struct {
	// Deny refuses what a change wrote wrong itself.
	Deny bool
	// Plan tells a person on dry run what the Pods will get.
	Plan bool
	// RequireLabel reports that the API server sends only Pods with the label probe-injector.dev/inject.
	RequireLabel bool
}

// Verdict is what is answered.
type Verdict struct {
	// Warnings are at most MaxLines lines of at most MaxLineLength characters, without control characters.
	Warnings []string
	// Mistakes reports whether a warning tells of something wrong; else all of them are the plan.
	Mistakes bool
	// Refusals are why the change is refused; empty if it is not.
	Refusals []Refusal
}

// Judge decides what is said about a change, and whether it is refused.
func Judge(p patch.Decider, c *Change, o Options) (Verdict, error) {
	if !c.concerns() {
		return Verdict{}, nil
	}
	said := lines{prefix: c.prefix()}
	unread := c.unread(o)
	if len(unread) > 0 {
		said.add(unread.sentence())
	}
	var d policy.Decision
	asks := policy.Asks(c.Object.Template) && !c.lacksLabel(o)
	if asks {
		var err error
		d, _, err = patch.Decide(p, policy.Subject{Pod: c.pod()}, patch.Options{ObjectBytes: c.TemplateBytes})
		if err != nil {
			return Verdict{}, err
		}
	}
	if o.Deny {
		if refusals := c.refusals(unread, d.Errors); len(refusals) > 0 {
			return Verdict{Refusals: refusals}, nil
		}
	}
	for _, warning := range d.Warnings {
		// What is only audited is no mistake, and the plan says it.
		if !strings.HasPrefix(warning, policy.AuditWouldAdd) {
			said.add(warning)
		}
	}
	v := Verdict{Mistakes: len(said.all) > 0}
	if asks && o.Plan && c.ByPerson {
		said.addPlan(plan(c.Object.Template, &d))
	}
	v.Warnings = said.all
	return v, nil
}

// concerns reports whether the change is one that anybody is told about.
func (c *Change) concerns() bool {
	if c.Object == nil || c.Object.Template == nil || isControlled(c.Object.Metadata) {
		return false
	}
	return c.Old == nil || c.TemplateChanged || c.ByPerson || c.annotationsChanged()
}

// annotationsChanged reports whether annotations of the object or of its Jobs become others.
func (c *Change) annotationsChanged() bool {
	return !maps.Equal(annotationsOf(c.Object.Metadata), annotationsOf(c.Old.Metadata)) ||
		!maps.Equal(annotationsOf(c.Object.JobMetadata), annotationsOf(c.Old.JobMetadata))
}

// isControlled reports whether a controller made the object, which nobody wrote.
func isControlled(m *workload.ObjectMeta) bool {
	return (&workload.Pod{Metadata: m}).Controller() != nil
}

// pod is the Pod that the controller will make.
func (c *Change) pod() *workload.Pod {
	return c.Form.Pod(c.Object.Template, c.name())
}

// lacksLabel reports whether the Pods will lack the label without which the API server does not send them.
func (c *Change) lacksLabel(o Options) bool {
	_, has := labelsOf(c.Object.Template.Metadata)[policy.InjectLabel]
	return o.RequireLabel && !has
}

// name is the object's name, or the beginning of the one that the API server will make.
func (c *Change) name() string {
	meta := c.Object.Metadata
	switch {
	case meta == nil:
		return ""
	case meta.Name != "":
		return meta.Name
	}
	return meta.GenerateName
}

// prefix is what a line begins with. kubectl prints identical warnings once a command, so that without it the second
// broken workload of a file would be silent.
func (c *Change) prefix() string {
	name := c.name()
	if c.Object.Metadata != nil && c.Object.Metadata.Name == "" && name != "" {
		name += "*"
	}
	return shown(strings.ToLower(c.Kind), maxKind) + "/" + shown(name, maxName) + ": "
}

// shown makes a name of the object fit into a line.
func shown(name string, length int) string {
	return text.Truncate(text.ASCII(name), length, "...")
}

// lines collects what is said.
type lines struct {
	prefix string
	all    []string
}

func (l *lines) add(sentence string) {
	if len(l.all) < MaxLines {
		l.all = append(l.all, text.Truncate(l.prefix+text.ASCII(sentence), MaxLineLength, "..."))
	}
}

// room is how many characters of a line are left behind the prefix.
func (l *lines) room() int { return MaxLineLength - len(l.prefix) }

// templatePlace is where the Pod template stands.
func (c *Change) templatePlace() shape.Place { return shape.Members(c.Form.Template...) }

func annotationsOf(m *workload.ObjectMeta) map[string]string {
	if m == nil {
		return nil
	}
	return m.Annotations
}

func labelsOf(m *workload.ObjectMeta) map[string]string {
	if m == nil {
		return nil
	}
	return m.Labels
}
