package policy

import (
	"slices"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// Severity says who hears of a finding.
type Severity = lint.Severity

// The severities: E is never emitted by us, E and W become admission warnings, I is for explain.
const (
	SeverityError   = lint.Error
	SeverityWarning = lint.Warning
	SeverityInfo    = lint.Info
)

// rank orders findings, the worst first.
func rank(s Severity) int {
	return slices.Index([]Severity{SeverityError, SeverityWarning, SeverityInfo}, s)
}

// Finding is something worth knowing about a probe that exists or is injected.
type Finding struct {
	Container string
	Kind      probe.Kind
	// Rule is the lint rule; empty for a risk that only deciding can see.
	Rule     lint.ID
	Severity Severity
	// Message is the fact and what to do about it, without the container's name.
	Message string
	// Absent says that there is no such probe, and that this is what was found.
	Absent bool
}

func (d *deciding) find(q *request, kind probe.Kind, severity Severity, message string) {
	for _, f := range d.out.Findings {
		if f.Container == q.ref.Name && f.Message == message {
			return
		}
	}
	d.out.Findings = append(d.out.Findings, Finding{Container: q.ref.Name, Kind: kind, Severity: severity, Message: message})
}
