package lint

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Severity says how much a finding matters.
type Severity string

// The severities.
const (
	// Error is what the API server refuses or what cannot work; it is never injected.
	Error Severity = "E"
	// Warning is what kills healthy containers, or hides sick ones; it is never injected.
	Warning Severity = "W"
	// Info is worth knowing.
	Info Severity = "I"
)

// rank orders severities, the worst first.
func (s Severity) rank() int {
	return slices.Index([]Severity{Error, Warning, Info}, s)
}

// ID names a rule: PS and three digits. An id is never used again for something else.
type ID string

// LivenessAlone is the rule about liveness without readiness, which speaks of what is missing and not of the probe.
const LivenessAlone ID = "PS030"

// Rule is one row of the table.
type Rule struct {
	ID       ID
	Severity Severity
	// Summary is the condition in words.
	Summary string
	// Message is what a finding says: the fact, then what to write. Words in braces stand for the details of the
	// case. Filled in, it has at most MaxMessageLength characters.
	Message string
	// Rationale is why it matters.
	Rationale string
	// Sources are the links that prove the rationale; the second may be empty.
	Sources [2]string

	// on are the kinds of probe that the rule looks at, one after the other.
	on kinds
	// absent reports that the rule looks at containers without such a probe, instead of at the probe.
	absent bool
	// anyType says that init and ephemeral containers are looked at too; else only those that may have probes.
	anyType bool
	// check finds the case. It returns the details for the words in braces, in their order.
	check func(s subject, kind probe.Kind) (details []any, found bool)
}

// MaxMessageLength bounds the message of a finding in characters: with the container's name and the rule's id it
// has to fit into an admission warning, for which the API server's documentation asks for 120.
const MaxMessageLength = 100

// Finding is a rule that applies to one probe of a container, or to its absence.
type Finding struct {
	Rule     ID
	Kind     probe.Kind
	Severity Severity
	// Message names neither the container nor the probe.
	Message string
}

// Linter applies the rules that it was made with. It is safe for concurrent use.
type Linter struct {
	rules []Rule
}

// New returns a Linter that applies the rules of a severity and those that matter more.
func New(least Severity) *Linter {
	l := &Linter{}
	for _, rule := range table {
		if rule.Severity.rank() <= least.rank() {
			l.rules = append(l.rules, rule)
		}
	}
	return l
}

// Check applies all rules to a container of a Pod. Findings come in the order of their rules, and for one rule in
// the order of probe.Kinds. It allocates nothing when nothing is found in probes over the network.
func (l *Linter) Check(pod *workload.Pod, c *Container) []Finding {
	if pod == nil || c == nil || c.Container == nil {
		return nil
	}
	var findings []Finding
	s := subject{pod: pod, container: c}
	for i := range l.rules {
		rule := &l.rules[i]
		if !rule.anyType && !c.Type.mayHaveProbes() {
			continue
		}
		for _, kind := range probe.Kinds() {
			if !rule.on.has(kind) || (s.probe(kind) == nil) != rule.absent {
				continue
			}
			if details, found := rule.check(s, kind); found {
				findings = append(findings, Finding{rule.ID, kind, rule.Severity, fill(rule.Message, details)})
			}
		}
	}
	return findings
}

// Rules returns the table, ordered by id.
func Rules() []Rule { return slices.Clone(table) }

// subject is what a condition may look at.
type subject struct {
	pod       *workload.Pod
	container *Container
}

// probe gives the probe of a kind, or nil.
func (s subject) probe(kind probe.Kind) *corev1.Probe {
	p, _ := s.container.Probes.Get(kind)
	return p
}

// kinds is a set of probe kinds.
type kinds uint8

const (
	startup kinds = 1 << iota
	liveness
	readiness

	killing = startup | liveness
	serving = liveness | readiness
	every   = startup | liveness | readiness
)

func (k kinds) has(kind probe.Kind) bool {
	switch kind {
	case probe.Startup:
		return k&startup != 0
	case probe.Liveness:
		return k&liveness != 0
	default:
		return k&readiness != 0
	}
}

// found is a case, with the details for the rule's message. Text from the Pod goes through shown first.
func found(details ...any) ([]any, bool) { return details, true }

// foundIf is a case without details.
func foundIf(condition bool) ([]any, bool) { return nil, condition }

// maxDetail bounds each detail that comes from the Pod, in characters.
const maxDetail = 20

// fill puts details in the place of the words in braces.
func fill(message string, details []any) string {
	var text strings.Builder
	for _, detail := range details {
		before, rest, _ := strings.Cut(message, "{")
		_, message, _ = strings.Cut(rest, "}")
		text.WriteString(before)
		fmt.Fprint(&text, detail)
	}
	text.WriteString(message)
	return text.String()
}

// shown shortens a text from the Pod and replaces what does not belong into a line of text. An admission
// warning is an HTTP header.
func shown(text string) string {
	var line strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > maxDetail {
			line.WriteString("...")
			break
		}
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			r = '?'
		}
		line.WriteRune(r)
	}
	return line.String()
}
