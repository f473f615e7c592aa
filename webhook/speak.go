package webhook

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/probe-injector/probe-injector/policy"
)

// maxAuditValue bounds the value of an audit annotation, in bytes. Audit backends index them; the whole decision is
// in the status annotation and the log.
const maxAuditValue = 256

// The keys of our audit annotations, to which the API server adds the name of the webhook.
const (
	auditInjected = "injected"
	auditReasons  = "reasons"
)

// warnings returns what the API server will pass on. It silently drops a warning that has a control character or is
// no UTF-8, and cuts all warnings of all webhooks once they exceed 4,096 runes.
func warnings(sentences []string) []string {
	if len(sentences) > policy.MaxWarnings {
		sentences = sentences[:policy.MaxWarnings]
	}
	for i, s := range sentences {
		if clean := printable(s); clean != s {
			// The decision's own slice stays as the engine made it.
			sentences = append([]string(nil), sentences...)
			sentences[i] = clean
		}
	}
	return sentences
}

// printable replaces what cannot be in a warning and cuts it to policy.MaxWarningLength runes.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) <= policy.MaxWarningLength || utf8.RuneCountInString(s) <= policy.MaxWarningLength {
		return s
	}
	runes := []rune(s)
	return string(runes[:policy.MaxWarningLength-1]) + "…"
}

// injectedList says which probes were added, as in "web:startup,web:liveness".
func injectedList(injections []policy.Injection) string {
	var l list
	for _, i := range injections {
		l.add(i.Container.Name, string(i.Kind))
	}
	return l.String()
}

// reasonList says why probes were not added, as in "web:no_port,sidecar:known_sidecar".
func reasonList(skips []policy.Skip) string {
	var l list
	for i, s := range skips {
		if i == 0 || skips[i-1].Container != s.Container || skips[i-1].Reason != s.Reason {
			l.add(s.Container, string(s.Reason))
		}
	}
	return l.String()
}

// list is a comma-separated list of at most maxAuditValue bytes, which ends in "…" when that is not all.
type list struct {
	b    strings.Builder
	full bool
}

// add appends "container:what", or only what if it concerns the whole Pod.
func (l *list) add(container, what string) {
	if l.full {
		return
	}
	const room = maxAuditValue - len(",…")
	if l.b.Len()+len(",")+len(container)+len(":")+len(what) > room {
		l.full = true
		what, container = "…", ""
	}
	if l.b.Len() > 0 {
		l.b.WriteByte(',')
	}
	if container != "" {
		l.b.WriteString(container)
		l.b.WriteByte(':')
	}
	l.b.WriteString(what)
}

func (l *list) String() string { return l.b.String() }
