package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/text"
)

// Type is what a finding is about.
type Type string

// The types, the worst first.
const (
	Hurting   Type = "hurting"
	Missed    Type = "missed"
	Misplaced Type = "misplaced"
	Wrong     Type = "wrong"
	Dangerous Type = "dangerous"
	Tight     Type = "tight"
	Bare      Type = "none"
)

// Types are all types in their order.
func Types() []Type { return []Type{Hurting, Missed, Misplaced, Wrong, Dangerous, Tight, Bare} }

func (t Type) rank() int { return slices.Index(Types(), t) }

// Severity is how much a finding matters.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Severities are all severities, the worst first.
func Severities() []Severity { return []Severity{Error, Warning, Note} }

func (s Severity) rank() int { return slices.Index(Severities(), s) }

func severityOf(s lint.Severity) Severity {
	switch s {
	case lint.Error:
		return Error
	case lint.Warning:
		return Warning
	default:
		return Note
	}
}

// Sign is how certain it is that a probe hurts.
type Sign string

// The signs.
const (
	// Killed: the kubelet says so in an event.
	Killed Sign = "killed"
	// Restarted: it looks like it, and the event is gone.
	Restarted Sign = "restarted"
	// NotReady: the probe has kept the container from traffic since it started.
	NotReady Sign = "not_ready"
)

// Finding is one thing that was found.
type Finding struct {
	Type     Type     `json:"type"`
	Severity Severity `json:"severity"`
	Workload
	Container string `json:"container,omitempty"`
	// Sign is set in findings of the type hurting, and Ours there where the probe is an injected one.
	Sign Sign `json:"sign,omitempty"`
	Ours bool `json:"ours,omitempty"`
	// Rule is set in findings of the type dangerous.
	Rule    lint.ID `json:"rule,omitempty"`
	Message string  `json:"message"`
	// LastAnswer is what the probe last got, in the words of the kubelet.
	LastAnswer string `json:"lastAnswer,omitempty"`
	// Command ends it, and Advice says what has to be done beside it, or instead.
	Command string `json:"command,omitempty"`
	Advice  string `json:"advice,omitempty"`

	// Worst is the Pod whose events have the last answer.
	Worst PodRef `json:"-"`
	// weight orders findings of a type.
	weight int
}

// findings are those of a workload.
func (r *row) findings(m *maker) []Finding {
	all := r.hurting()
	if r.missed > 0 {
		f := r.finding(Missed, Error, "", fmt.Sprintf("%d of %s and no webhook answered; replace them", r.missed, asks(r.pods)))
		f.Command, f.weight = r.restart(), r.missed
		all = append(all, f)
	}
	wrong, misplaced := slices.Sorted(maps.Keys(r.wrong)), slices.Sorted(maps.Keys(r.misplaced))
	if m != nil {
		wrong, misplaced = m.wrong, m.misplaced
	}
	for _, message := range misplaced {
		all = append(all, r.finding(Misplaced, Error, "", message))
	}
	for _, message := range wrong {
		all = append(all, r.finding(Wrong, Error, "", message))
	}
	all = append(all, r.dangerous()...)
	for _, container := range slices.Sorted(maps.Keys(r.starts)) {
		if s := r.starts[container]; s.tight() {
			f := r.finding(Tight, Warning, container, fmt.Sprintf("%ds of %ds (%s); startup-budget: %q",
				int(s.longest.Seconds()), int(s.allowed.Seconds()), counted(s.samples, "Pod"), s.budget()))
			f.weight = int(s.longest * 100 / s.allowed)
			all = append(all, f)
		}
	}
	if r.has.empty() {
		all = append(all, r.finding(Bare, Note, "", "no probe of any kind"))
	}
	return all
}

func (r *row) finding(t Type, s Severity, container, message string) Finding {
	return Finding{Type: t, Severity: s, Workload: r.Workload, Container: container, Message: text.Printable(message)}
}

// restart is the command that replaces the Pods of a workload.
func (r *row) restart() string {
	switch r.Kind {
	case kindDeployment, kindStatefulSet, kindDaemonSet:
		return fmt.Sprintf("kubectl -n %s rollout restart %s %s", r.Namespace, r.Kind, r.Name)
	}
	return ""
}

// hurting are the findings about containers that a probe kills or keeps from traffic.
func (r *row) hurting() []Finding {
	var all []Finding
	for _, container := range slices.Sorted(maps.Keys(r.hurts)) {
		h := r.hurts[container]
		f := r.finding(Hurting, Error, container, "")
		f.Ours, f.Worst, f.Command, f.Advice = true, h.worst, h.stop.Command, h.stop.Advice
		switch {
		case h.killedPods > 0:
			whose := "our"
			if f.Ours = h.ours; !h.ours {
				whose, f.Severity = "its own", Warning
				f.Advice = fmt.Sprintf("the %s is written in its template", h.kind.FieldName())
			}
			f.Sign, f.weight = Killed, h.kills
			f.Message = fmt.Sprintf("killed by %s %s %dx in %s, %s", whose, h.kind, h.kills, ago(h.during), podsOf(h.killedPods, r.pods))
		case h.restartedPods > 0:
			f.Sign, f.Severity = Restarted, Warning
			f.Message = fmt.Sprintf("perhaps killed by our liveness: restarted %dx, last exit code %d, %s",
				h.restarts, h.exitCode, podsOf(h.restartedPods, r.pods))
		default:
			f.Sign = NotReady
			f.Message = fmt.Sprintf("running %s, not ready: our readiness %s, %s", ago(h.running), h.handler, podsOf(h.waitingPods, r.pods))
		}
		all = append(all, f)
	}
	return all
}

// dangerous are the lint findings, each with its rule.
func (r *row) dangerous() []Finding {
	var all []Finding
	for d := range r.danger {
		where := ""
		if d.kind != "" {
			where = d.kind.FieldName() + ": "
		}
		f := r.finding(Dangerous, severityOf(d.severity), d.container, where+d.message)
		f.Rule = d.rule
		all = append(all, f)
	}
	slices.SortFunc(all, func(x, y Finding) int {
		return strings.Compare(string(x.Rule)+x.Container+x.Message, string(y.Rule)+y.Container+y.Message)
	})
	return all
}

// ago is a duration for people: 40s, 26m, 5h, 3d.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", int(max(d, time.Second).Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 2*day:
		return fmt.Sprintf("%dh", int(d.Round(time.Hour).Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/day.Hours()))
}

// podsOf is how many of how many Pods.
func podsOf(some, all int) string { return fmt.Sprintf("%d of %s", some, counted(all, "Pod")) }

// asks is all Pods of a workload and the verb.
func asks(pods int) string {
	if pods == 1 {
		return "1 Pod asks"
	}
	return fmt.Sprintf("%d Pods ask", pods)
}

// counted is a number and a noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
