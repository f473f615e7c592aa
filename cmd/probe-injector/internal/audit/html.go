package audit

import (
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

// The page: one file that asks nobody for anything. The script only adds a filter.
var (
	//go:embed page/page.gohtml
	pageText string
	//go:embed page/style.css
	pageStyle string
	//go:embed page/script.js
	pageScript string
)

// pageFindings is how many findings of a type the page lists, so that it stays small; --only lists all.
const pageFindings = 500

// Moods are the classes by which the page colors what matters.
const (
	moodBad  = "bad"
	moodWarn = "warn"
	moodCalm = "calm"
)

// pageData is what the template shows.
type pageData struct {
	*Report

	Style          template.CSS
	Script         template.JS
	ScriptHash     string
	Place          string
	When, Datetime string
	Verdict, Mood  string
	Looked         string
	Webhook        string
	WebhookMood    string
	Policy         string
	Tiles          []pageTile
	Bars           []pageBar
	Sections       []pageSection
	Namespaces     []pageNamespace
}

// pageTile is a figure that leads to its section.
type pageTile struct {
	Type   Type
	Title  string
	Number int
	Mood   string
	// Column is the title in the table of namespaces.
	Column string
}

// pageBar is one kind of probe as a bar.
type pageBar struct {
	Count

	Segments []pageSegment
	// Share is the part of all workloads that has such a probe.
	Share string
}

type pageSegment struct {
	Origin Origin
	Number int
}

// pageSection lists the findings of a type, or for lint rules those of each rule.
type pageSection struct {
	pageTile

	Explanation string
	// Layout is how findings stand: as cards where a person has to do something now, else in rows; Names shows only the names.
	Layout   string
	Names    bool
	Findings []pageFinding
	Rules    []pageRule
	// Left is how many are not shown.
	Left int
}

type pageFinding struct {
	Finding

	// Purpose is what the command is for.
	Purpose string
}

type pageRule struct {
	RuleCount

	Findings []pageFinding
}

type pageNamespace struct {
	Name  string
	Cells []int
}

// WriteHTML writes the report as one page, which needs neither a network nor a script.
func (r *Report) WriteHTML(to io.Writer) error {
	page, err := template.New("page").Parse(pageText)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	return page.Execute(to, r.page())
}

func (r *Report) page() *pageData {
	script := strings.TrimSpace(pageScript)
	hash := sha256.Sum256([]byte(script))
	p := &pageData{
		Report: r,
		// Both are part of this program.
		Style:      template.CSS(pageStyle), //nolint:gosec // see above
		Script:     template.JS(script),     //nolint:gosec // see above
		ScriptHash: "sha256-" + base64.StdEncoding.EncodeToString(hash[:]),
		Place:      r.place(), When: r.Time.Format("2 January 2006, 15:04 MST"), Datetime: r.Time.Format(time.RFC3339),
		Looked: r.Looked.String(), Webhook: r.Webhook.String(), Policy: r.Policy.String(), WebhookMood: moodCalm,
	}
	if r.Webhook.Installed != nil && *r.Webhook.Installed && !r.Webhook.Works() {
		p.WebhookMood = moodBad
	}
	p.Verdict, p.Mood = r.verdict()
	for _, t := range Types() {
		tile := pageTile{Type: t, Title: t.Title(), Number: r.Number(t), Mood: mood(t), Column: t.column()}
		p.Tiles = append(p.Tiles, tile)
		if found := r.Of(t); len(found) > 0 {
			p.Sections = append(p.Sections, r.section(tile, found))
		}
	}
	for i := range r.Probes {
		p.Bars = append(p.Bars, r.bar(r.Probes[i]))
	}
	for i := range r.Namespaces {
		p.Namespaces = append(p.Namespaces, pageRow(&r.Namespaces[i]))
	}
	return p
}

// place is what was looked at.
func (r *Report) place() string {
	place := "All namespaces"
	if r.Namespace != "" {
		place = "Namespace " + r.Namespace
	}
	if r.Context != "" {
		place += " of " + r.Context
	}
	return place
}

// verdict is the report in one sentence.
func (r *Report) verdict() (sentence, mood string) {
	if n := r.Number(Hurting); n > 0 {
		if n == 1 {
			return "A probe is hurting 1 workload.", moodBad
		}
		return fmt.Sprintf("Probes are hurting %d workloads.", n), moodBad
	}
	for _, t := range []Type{Missed, Misplaced, Wrong} {
		if r.Number(t) > 0 {
			return "No probe is hurting a workload, but not all got what they ask for.", moodWarn
		}
	}
	return "No probe is hurting a workload.", moodCalm
}

// mood colors a type.
func mood(t Type) string {
	switch t.worst() {
	case Error:
		return moodBad
	case Warning:
		return moodWarn
	}
	return moodCalm
}

// column is the heading of a type in the table of namespaces. Those without any probe stand there already.
func (t Type) column() string {
	if t == Bare {
		return ""
	}
	return strings.TrimSuffix(strings.TrimSuffix(t.Title(), " now"), " starts")
}

func (r *Report) section(tile pageTile, found []Finding) pageSection {
	s := pageSection{pageTile: tile, Layout: layout(tile.Type), Names: tile.Type == Bare, Explanation: sentenceOf(tile.Type.Explanation()), Left: max(0, len(found)-pageFindings)}
	shown := found[:len(found)-s.Left]
	if tile.Type != Dangerous {
		s.Findings = shownOn(shown)
		return s
	}
	for _, rule := range r.Rules {
		one := pageRule{RuleCount: rule}
		one.Summary = lowered(rule.Summary)
		for i := range shown {
			if shown[i].Rule == rule.Rule {
				one.Findings = append(one.Findings, shownOn(shown[i:i+1])...)
			}
		}
		s.Rules = append(s.Rules, one)
	}
	return s
}

func layout(t Type) string {
	if t == Hurting || t == Missed {
		return "cards"
	}
	return "rows"
}

func shownOn(found []Finding) []pageFinding {
	var all []pageFinding
	for i := range found {
		all = append(all, pageFinding{found[i], strings.TrimSuffix(found[i].purpose(), " ")})
	}
	return all
}

// sentenceOf makes a sentence of words.
func sentenceOf(words string) string { return strings.ToUpper(words[:1]) + words[1:] + "." }

func (r *Report) bar(c Count) pageBar {
	b := pageBar{Count: c, Segments: []pageSegment{{Injected, c.Injected}, {Written, c.Written}, {None, c.None}}}
	if all := r.Looked.Workloads; all > 0 {
		b.Share = fmt.Sprintf("%d%% have one", 100*(all-c.None)/all)
	}
	return b
}

func pageRow(n *NamespaceCount) pageNamespace {
	out := pageNamespace{Name: n.Name, Cells: []int{n.Workloads, n.Pods}}
	for _, c := range n.Probes {
		out.Cells = append(out.Cells, c.None)
	}
	for _, t := range Types() {
		if t.column() != "" {
			out.Cells = append(out.Cells, n.Findings[t])
		}
	}
	return out
}
