package main

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/test/defaults/corpus"
)

// report is all that stands between the markers of the page.
func report(res *results) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "Seed %d, %d containers for each class and scenario. Shares are of the containers; times are the median and the\n"+
		"99th percentile. \"never\": it does not happen. \"killed\": the container does not live long enough to be asked about.\n\n", seed, samples)
	b.WriteString("### All classes together\n\n")
	res.table(&b, "", func(row func(string, func(set int) string)) {
		res.each(func(i, j int, q question) {
			row(q.title, func(set int) string { return spell(q, res.pooled(i, j, set)) })
		})
	})
	b.WriteString("\n### Class by class\n\n<details><summary>a table for each question</summary>\n")
	res.each(func(i, j int, q question) {
		fmt.Fprintf(&b, "\n**%s.** %s\n\n", upper(q.title), q.meaning)
		res.table(&b, "class", func(row func(string, func(set int) string)) {
			for k, s := range res.subjects {
				row("`"+s.Name+"`", func(set int) string { return spell(q, res.answers[i][j][k][set]) })
			}
		})
	})
	b.WriteString("\n</details>\n\n### The sets\n\n")
	for _, s := range res.sets {
		fmt.Fprintf(&b, "- **%s**: %s.\n", s.name, s.about)
	}
	b.WriteString("\n### The population\n\n")
	populationTable(&b, res.subjects)
	b.WriteString("\n### The classes and what others publish\n\n")
	publishedTable(&b)
	b.WriteString("\n### What the authors of public Pods wrote, and what is injected into the same Pods\n\n")
	public, err := corpus.Report()
	b.WriteString(public)
	return b.String(), err
}

func (res *results) each(visit func(scenario, question int, q question)) {
	for i, s := range res.scenarios {
		for j, q := range s.questions {
			visit(i, j, q)
		}
	}
}

// table writes one table with a column for each set.
func (res *results) table(b *strings.Builder, corner string, rows func(row func(string, func(set int) string))) {
	header := []string{corner}
	for _, s := range res.sets {
		header = append(header, s.name)
	}
	writeHeader(b, header...)
	rows(func(name string, cell func(set int) string) {
		cells := []string{name}
		for set := range res.sets {
			cells = append(cells, cell(set))
		}
		writeRow(b, cells...)
	})
}

func writeHeader(b *strings.Builder, cells ...string) {
	writeRow(b, cells...)
	b.WriteString(strings.Repeat("|---", len(cells)) + "|\n")
}

func writeRow(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// spell writes the answers to one question as a cell.
func spell(q question, sorted []time.Duration) string {
	if q.howMany {
		asked := first(sorted, gone)
		if asked == 0 {
			return "killed"
		}
		return share(first(sorted, never), asked)
	}
	median, p99 := clock(percentile(sorted, 0.5)), clock(percentile(sorted, 0.99))
	if median == p99 {
		return median
	}
	return median + " / " + p99
}

// first is how many answers are smaller than one.
func first(sorted []time.Duration, than time.Duration) int {
	return sort.Search(len(sorted), func(i int) bool { return sorted[i] >= than })
}

// percentile is the smallest answer that at least this share of the answers does not exceed.
func percentile(sorted []time.Duration, share float64) time.Duration {
	return sorted[int(math.Ceil(share*float64(len(sorted))))-1]
}

func clock(d time.Duration) string {
	switch {
	case d == gone:
		return "killed"
	case d == never:
		return "never"
	case d.Abs() < 100*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	default:
		return strconv.FormatFloat(d.Seconds(), 'f', 0, 64) + " s"
	}
}

// share never rounds something to nothing: 0 and 100 % are exact.
func share(hits, of int) string {
	switch percent := 100 * float64(hits) / float64(of); {
	case hits == 0:
		return "0"
	case hits == of:
		return "100 %"
	case percent < 0.1:
		return "< 0.1 %"
	default:
		return strconv.FormatFloat(min(percent, 99.9), 'f', 1, 64) + " %"
	}
}

func populationTable(b *strings.Builder, all []subject) {
	writeHeader(b, "class", "starts: median, 99th percentile", "above the budget", "stalls: median, 99th percentile", "starts, from")
	for _, s := range all {
		writeRow(b, "`"+s.Name+"`", parts(s.start), fmt.Sprintf("%.1f %%", 100*s.start.shareAbove(budget(s))), parts(s.stall), links(s.evidence))
	}
	fmt.Fprintf(b, "\nStalls, from: %s. Overloads, from: %s.\n", links(stallEvidence()), links(overloadEvidence()))
}

func links(evidence []source) string {
	words := make([]string, len(evidence))
	for i, e := range evidence {
		words[i] = fmt.Sprintf("[%s](%s)", e.fact, e.url)
	}
	return strings.Join(words, "; ")
}

func parts(d distribution) string {
	words := make([]string, len(d))
	for i, p := range d {
		words[i] = fmt.Sprintf("%g s, %g s", p.median, p.p99)
		if len(d) > 1 {
			words[i] = fmt.Sprintf("%.0f %%: %s", 100*p.weight, words[i])
		}
	}
	return strings.Join(words, "; ")
}

func publishedTable(b *strings.Builder) {
	b.WriteString("Numbers are initialDelaySeconds/periodSeconds/timeoutSeconds/failureThreshold; a dash is left to the API server. Beside\n" +
		"them stands delay + period × failureThreshold, the usual reckoning; guaranteed is one period less.\n\n")
	writeHeader(b, "class", "startup budget", "restart after", "published")
	for _, class := range timing.Classes() {
		var words []string
		for _, p := range published()[class.Name] {
			words = append(words, fmt.Sprintf("[%s](%s): %s", p.who, p.url, p.says))
		}
		writeRow(b, "`"+class.Name+"`", clockSeconds(class.StartupBudget), clockSeconds(class.RestartAfter), strings.Join(words, "; "))
	}
}

func clockSeconds(n int32) string { return strconv.Itoa(int(n)) + " s" }

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
