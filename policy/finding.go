package policy

import "github.com/probe-injector/probe-injector/policy/probe"

// Severity says who hears of a finding.
type Severity string

// The severities: E is never emitted by us, W becomes an admission warning, I is for explain.
const (
	SeverityError   Severity = "E"
	SeverityWarning Severity = "W"
	SeverityInfo    Severity = "I"
)

// Finding is something worth knowing about a probe that exists or is injected.
type Finding struct {
	Container string
	Kind      probe.Kind
	Severity  Severity
	// Message is the fact and what to do about it, without the container's name.
	Message string
}

func (d *deciding) find(q *request, kind probe.Kind, severity Severity, message string) {
	for _, f := range d.out.Findings {
		if f.Container == q.ref.Name && f.Message == message {
			return
		}
	}
	d.out.Findings = append(d.out.Findings, Finding{Container: q.ref.Name, Kind: kind, Severity: severity, Message: message})
}
