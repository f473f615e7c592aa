package webhook

import (
	"strings"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/text"
)

// maxAuditValue bounds the value of an audit annotation, in bytes. Audit backends index them; the whole decision is
// in the status annotation and the log.
const maxAuditValue = 256

// warnings returns what the API server will pass on. It silently drops a warning that has a control character or is
// no UTF-8, and cuts all warnings of all webhooks once they exceed 4,096 runes.
func warnings(sentences []string) []string {
	if len(sentences) > policy.MaxWarnings {
		sentences = sentences[:policy.MaxWarnings]
	}
	for i, s := range sentences {
		if clean := text.Truncate(text.Printable(s), policy.MaxWarningLength, "…"); clean != s {
			// The decision's own slice stays as the engine made it.
			sentences = append([]string(nil), sentences...)
			sentences[i] = clean
		}
	}
	return sentences
}

// injectedList says which probes were added, as in "web:startup,web:liveness".
func injectedList(injections []policy.Injection) string {
	var l auditValue
	for _, i := range injections {
		l.add(i.Container.Name, string(i.Kind))
	}
	return l.String()
}

// reasonList says why probes were not added, as in "web:no_port,sidecar:known_sidecar".
func reasonList(skips []policy.Skip) string {
	var l auditValue
	for i, s := range skips {
		if i == 0 || skips[i-1].Container != s.Container || skips[i-1].Reason != s.Reason {
			l.add(s.Container, string(s.Reason))
		}
	}
	return l.String()
}

// auditValue is a comma-separated list of at most maxAuditValue bytes, which ends in "…" when that is not all.
type auditValue struct {
	b    strings.Builder
	full bool
}

// add appends "container:what", or only what if it concerns the whole Pod.
func (l *auditValue) add(container, what string) {
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

func (l *auditValue) String() string { return l.b.String() }
