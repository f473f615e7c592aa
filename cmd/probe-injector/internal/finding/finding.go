// Package finding is the one value for what is wrong or worth knowing, whichever verb finds it and in whatever format it is
// printed.
package finding

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/policy/lint"
)

// Severity says how much a finding matters, in a word.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Of is the severity of a lint rule in a word.
func Of(s lint.Severity) Severity {
	switch s {
	case lint.Error:
		return Error
	case lint.Warning:
		return Warning
	case lint.Info:
	}
	return Note
}

// Rank orders severities, the worst first.
func (s Severity) Rank() int { return slices.Index([]Severity{Error, Warning, Note}, s) }

// Threshold is the severity from which on findings end a verb with a code of their own: the flag --fail-on.
type Threshold string

// Never is the threshold that no finding reaches.
const Never Threshold = "none"

// Set takes the value of the flag.
func (t *Threshold) Set(text string) error {
	if !slices.Contains(t.Values(), text) {
		return errors.New("must be none, note, warning or error")
	}
	*t = Threshold(text)
	return nil
}

// Values are those that the flag takes, for the shell's completion.
func (t *Threshold) Values() []string {
	return []string{string(Never), string(Note), string(Warning), string(Error)}
}

// String is the value of the flag.
func (t *Threshold) String() string { return string(*t) }

// Type is how help names a value.
func (t *Threshold) Type() string { return "SEVERITY" }

// Reached reports whether a severity is at or above the threshold.
func (t *Threshold) Reached(s Severity) bool { return *t != Never && s.Rank() <= Severity(*t).Rank() }

// ReachedBy reports whether any finding is at or above the threshold.
func (t *Threshold) ReachedBy(all []Finding) bool {
	return slices.ContainsFunc(all, func(f Finding) bool { return t.Reached(f.Severity) })
}

// Workload is the object that a finding is about.
type Workload struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind"`
	Namespace  string `json:"namespace,omitempty"`
	Name       string `json:"name"`
}

// String is the workload as kubectl names it, without its namespace: deployment/web.
func (w Workload) String() string { return strings.ToLower(w.Kind) + "/" + w.Name }

// Path is the workload with its namespace: shop/deployment/web.
func (w Workload) Path() string {
	if w.Namespace == "" {
		return w.String()
	}
	return w.Namespace + "/" + w.String()
}

// Position is where something stands in a file.
type Position struct {
	File string `json:"file"`
	// Line and Column count from 1; 0 is unknown.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Template is the file of a chart that the text was made of, where it says so.
	Template string `json:"template,omitempty"`
}

// String is the position as compilers print it: file:line:column.
func (p Position) String() string {
	text := p.File
	if p.Line > 0 {
		text += fmt.Sprintf(":%d", p.Line)
		if p.Column > 0 {
			text += fmt.Sprintf(":%d", p.Column)
		}
	}
	return text
}

// Finding is one of them.
type Finding struct {
	// ID is a lint rule, such as PS010, or the word of a reason, such as invalid_annotation.
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Workload Workload `json:"workload"`
	// Container is empty where the whole Pod is meant. Probe is the member of the container, such as livenessProbe.
	Container string   `json:"container,omitempty"`
	Probe     string   `json:"probe,omitempty"`
	Position  Position `json:"position,omitzero"`
	// Field is the path in the object.
	Field string `json:"field,omitempty"`
	// Message is the whole sentence, with what to write; it names neither the workload nor the container.
	Message string `json:"message"`
	// Remedy is what to write, where the sentence has it apart.
	Remedy string `json:"remedy,omitempty"`
}

// remedyFollows stands between a fact and what to write, in the messages of lint rules.
const remedyFollows = "; "

// RemedyIn is what the message of a lint rule says is to be written; empty where it does not say it apart.
func RemedyIn(sentence string) string {
	if i := strings.LastIndex(sentence, remedyFollows); i >= 0 {
		return sentence[i+len(remedyFollows):]
	}
	return ""
}

// Sentence is the finding without its position and id: the workload, the container, the probe, and what is said.
func (f *Finding) Sentence() string {
	text := f.Workload.String()
	if f.Container != "" {
		text += " (" + f.Container + ")"
	}
	if f.Probe != "" && !strings.HasPrefix(f.Message, "no "+f.Probe) {
		text += ": " + f.Probe
	}
	return text + ": " + f.Message
}

// Sort orders findings as a person reads them: by file, line and column, then by severity and id.
func Sort(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Position.File, b.Position.File),
			cmp.Compare(a.Position.Line, b.Position.Line),
			cmp.Compare(a.Position.Column, b.Position.Column),
			cmp.Compare(a.Severity.Rank(), b.Severity.Rank()),
			cmp.Compare(a.Workload.Path(), b.Workload.Path()),
			cmp.Compare(a.Container, b.Container),
			cmp.Compare(a.ID, b.ID),
		)
	})
}
