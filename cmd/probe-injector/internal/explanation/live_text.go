package explanation

import (
	"fmt"
	"strings"
)

// live prints what the Pods have now, and what the next one would have.
func (p *printer) live(l *Live) {
	total := 0
	for i := range l.Pods {
		total += len(l.Pods[i].Names)
	}
	name := "Pods now"
	if total == 0 {
		p.field(name, "none")
	}
	for i := range l.Pods {
		p.field(name, l.Pods[i].sentence(total))
		name = ""
	}
	if l.Next == nil {
		return
	}
	p.field("Next Pod", l.nextSentence())
	for i, warning := range l.Next.Warnings {
		p.listed(i, "Warnings", warning)
	}
	if l.Next.Policy != "" {
		p.field("", "Not by the policy named below: the cluster has another, or another webhook changes the Pod. By it, "+l.Next.Policy)
	}
}

// namedPods is how many Pods of a group are named.
const namedPods = 3

// sentence says how many of the Pods have what.
func (g *PodGroup) sentence(total int) string {
	count := fmt.Sprintf("%d of %d", len(g.Names), total)
	if g.Reason == "" {
		if len(g.Names) == 1 {
			return count + " has: " + g.Status
		}
		return count + " have: " + g.Status
	}
	names := strings.Join(g.Names[:min(namedPods, len(g.Names))], ", ")
	if len(g.Names) > namedPods {
		names += ", ..."
	}
	have := "have"
	if len(g.Names) == 1 {
		have = "has"
	}
	said := fmt.Sprintf("%s (%s) %s nothing: %s, %s", count, names, have, g.Reason, g.Fact)
	if g.Remedy != "" {
		said += "; " + g.Remedy
	}
	return said
}

// nextSentence says what the next Pod would have, and who said so.
func (l *Live) nextSentence() string {
	says := l.Next.Line
	if at := strings.LastIndex(says, " ["); at >= 0 && strings.HasSuffix(says, "]") {
		says = says[:at]
	}
	if len(l.Pods) > 0 && l.Pods[0].Status == says {
		says = "the same"
	}
	switch {
	case l.Next.AskedOf == AskedServer:
		return says + " (asked of the API server by a dry run)"
	case l.Next.Refused != "":
		return says + " (by the policy: the API server refused a dry run: " + l.Next.Refused + ")"
	}
	return says + " (by the policy)"
}
