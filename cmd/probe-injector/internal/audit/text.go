package audit

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Style paints text for a terminal, or leaves it as it is.
type Style interface {
	Heading(text string) string
	Severity(s Severity, text string) string
	Faint(text string) string
}

// TextOptions say how the report is printed for people.
type TextOptions struct {
	Style Style
	// Only are the types that are listed in full, without the summary; none prints the summary.
	Only []Type
	// ByNamespace adds a table of namespaces.
	ByNamespace bool
}

// shownOfType is how many findings of a type the summary shows; --only shows all of them.
const shownOfType = 10

// printer writes a report for people.
type printer struct {
	TextOptions
	*Report

	to strings.Builder
}

// WriteText prints the report for people.
func (r *Report) WriteText(to io.Writer, o TextOptions) error {
	p := &printer{TextOptions: o, Report: r}
	p.header()
	switch {
	case len(o.Only) > 0:
		for _, t := range o.Only {
			p.section(t, len(r.Findings))
		}
	default:
		p.summary()
	}
	if o.ByNamespace {
		p.namespaces()
	}
	for _, note := range r.Notes {
		p.line("Note: " + note)
	}
	_, err := io.WriteString(to, p.to.String())
	return err
}

func (p *printer) line(text string) { p.to.WriteString(strings.TrimRight(text, " ") + "\n") }

func (p *printer) header() {
	p.line("Webhook   " + p.Webhook.String())
	p.line("Policy    " + p.Policy.String())
	p.line("Looked at " + p.Looked.String())
}

// String is how much was looked at, for people.
func (l Looked) String() string {
	return fmt.Sprintf("%s, %s, %s", counted(l.Workloads, "workload"), counted(l.Pods, "Pod"), counted(l.Namespaces, "namespace"))
}

func (p *printer) summary() {
	p.line("")
	p.table()
	p.section(Hurting, shownOfType)
	p.section(Missed, shownOfType)
	p.mistakes()
	if n := p.Number(Dangerous); n > 0 {
		p.line(p.title("Dangerous", n, Dangerous) + p.more("--only dangerous lists them"))
		for _, rule := range p.Rules {
			p.line(fmt.Sprintf("  %s  %*d  %s", rule.Rule, len(strconv.Itoa(n)), rule.Workloads, lowered(rule.Summary)))
		}
	}
	p.section(Tight, shownOfType)
	if n := p.Number(Bare); n > 0 {
		p.line(p.title("None at all", n, Bare) + p.more("--only none lists them"))
	}
}

// mistakes are the two types that people have written, in one line.
func (p *printer) mistakes() {
	var titles, flags []string
	for _, t := range []Type{Misplaced, Wrong} {
		if n := p.Number(t); n > 0 {
			titles, flags = append(titles, p.title(t.Title(), n, t)), append(flags, "--only "+string(t))
		}
	}
	if len(titles) == 2 {
		titles[1] = p.title(string(Wrong), p.Number(Wrong), Wrong)
	}
	if len(titles) > 0 {
		p.line(strings.Join(titles, ", ") + p.more(strings.Join(flags, ", ")))
	}
}

// more is what follows a line's figures: how to see all.
func (p *printer) more(text string) string { return "     " + p.Style.Faint(text) }

// Title is the heading of a type.
func (t Type) Title() string {
	switch t {
	case Hurting:
		return "Hurting now"
	case Tight:
		return "Tight starts"
	case Bare:
		return "None at all"
	}
	return strings.ToUpper(string(t[:1])) + string(t[1:])
}

// Explanation says in a few words what a type means, where the heading does not.
func (t Type) Explanation() string {
	switch t {
	case Missed:
		return "asked for probes, and no webhook answered"
	case Misplaced:
		return "keys where nothing reads them"
	case Wrong:
		return "annotations with a mistake"
	case Dangerous:
		return "probes that can do harm"
	case Tight:
		return "took more than two thirds of what is allowed"
	case Bare:
		return "no container has any probe"
	}
	return "a probe kills a container, or keeps it from traffic"
}

// title is a heading with the number of workloads.
func (p *printer) title(text string, n int, t Type) string {
	said := fmt.Sprintf("%s: %d", text, n)
	if n == 0 {
		return p.Style.Heading(said)
	}
	return p.Style.Severity(t.worst(), said)
}

// worst is the severity in which the heading of a type is painted.
func (t Type) worst() Severity {
	switch t {
	case Hurting, Missed, Misplaced, Wrong:
		return Error
	case Dangerous, Tight:
		return Warning
	}
	return Note
}

// section lists the findings of a type, at most so many.
func (p *printer) section(t Type, most int) {
	found := p.Of(t)
	if len(found) == 0 && t != Hurting && len(p.Only) == 0 {
		return
	}
	title := p.title(t.Title(), p.Number(t), t)
	if t == Tight && len(found) > 0 {
		title += p.more(t.Explanation())
	}
	p.line(title)
	shown := found[:min(most, len(found))]
	names, containers := 0, 0
	for i := range shown {
		names, containers = max(names, len(shown[i].String())), max(containers, len(shown[i].Container))
	}
	names = min(names, widestName)
	for i := range shown {
		p.finding(&shown[i], names, containers)
	}
	if rest := len(found) - len(shown); rest > 0 {
		p.line(fmt.Sprintf("  and %d more: --only %s", rest, t))
	}
}

// widestName is how wide the column of names grows; a longer name moves what follows.
const widestName = 40

func (p *printer) finding(f *Finding, names, containers int) {
	line := fmt.Sprintf("  %-*s  ", names, f.Workload)
	if containers > 0 {
		line += fmt.Sprintf("%-*s  ", containers, f.Container)
	}
	if f.Rule != "" {
		line += string(f.Rule) + "  "
	}
	p.line(line + f.Message)
	for _, below := range [...]struct{ lead, text string }{
		{"last answer: ", f.LastAnswer}, {f.purpose(), f.Command}, {"", f.Advice},
	} {
		if below.text != "" {
			p.line("      " + p.Style.Faint(below.lead) + below.text)
		}
	}
}

// purpose is what the command of a finding is for.
func (f *Finding) purpose() string {
	if f.Type == Missed {
		return "replace them: "
	}
	return "stop it: "
}

// lowered is the first sentence of a text, to stand within another: without its capital and its full stop.
func lowered(text string) string {
	sentence, _, _ := strings.Cut(strings.TrimSuffix(text, "."), ". ")
	if len(sentence) > 1 && strings.ToUpper(sentence[1:2]) != sentence[1:2] {
		return strings.ToLower(sentence[:1]) + sentence[1:]
	}
	return sentence
}

// table counts workloads by kind of probe and origin. Figures stand right under each other.
func (p *printer) table() {
	cells := [][]string{{""}, {string(Written)}, {string(Injected)}, {string(None)}}
	for _, c := range p.Probes {
		cells[0] = append(cells[0], strings.ToUpper(string(c.Probe)))
		cells[1] = append(cells[1], strconv.Itoa(c.Written))
		cells[2] = append(cells[2], strconv.Itoa(c.Injected))
		cells[3] = append(cells[3], share(c.None, p.Looked.Workloads))
	}
	p.columns(cells)
	p.line("")
}

// share is a number with its part of all.
func share(n, all int) string {
	if all == 0 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d (%d%%)", n, (100*n+all/2)/all)
}

// namespaces is the table of namespaces: how many workloads lack a probe, and how many have findings.
func (p *printer) namespaces() {
	head := []string{"NAMESPACE", "WORKLOADS", "PODS"}
	for _, kind := range shownKinds() {
		head = append(head, "NO "+strings.ToUpper(string(kind)))
	}
	for _, t := range Types() {
		head = append(head, strings.ToUpper(string(t)))
	}
	cells := [][]string{head}
	for i := range p.Namespaces {
		n := &p.Namespaces[i]
		row := []string{n.Name, strconv.Itoa(n.Workloads), strconv.Itoa(n.Pods)}
		for _, c := range n.Probes {
			row = append(row, strconv.Itoa(c.None))
		}
		for _, t := range Types() {
			row = append(row, strconv.Itoa(n.Findings[t]))
		}
		cells = append(cells, row)
	}
	p.line("")
	p.columns(cells)
}

// columns writes a table: the first column to the left, the others to the right.
func (p *printer) columns(rows [][]string) {
	const gap, narrow = 2, 9
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	widths[0] = max(widths[0]+gap, narrow+1)
	for i, row := range rows {
		line := ""
		for j, cell := range row {
			if j == 0 {
				line += fmt.Sprintf("%-*s", widths[0], cell)
			} else {
				line += fmt.Sprintf("%*s", widths[j]+gap, cell)
			}
		}
		if i == 0 {
			line = p.Style.Heading(line)
		}
		p.line(line)
	}
}
