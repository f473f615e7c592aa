package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The page of what was verified: its words, and the tables that the tests printed.
const (
	verifiedText   = "docs/generate/verified.txt"
	measuredFolder = "docs/generate/measured"
)

// allowed is how much longer than promised a test lets something take: a container's end is written to the second, and the
// kubelet needs time to end it and to see it.
const allowed = 3.0

// measurement is one row that a test printed: what was measured of a subject, and between what it was promised, in seconds.
type measurement struct {
	subject, what, promised   string
	took, notBefore, atLatest float64
}

// over is how far outside of the promise it was, in seconds.
func (m measurement) over() float64 { return max(m.took-m.atLatest, m.notBefore-m.took, 0) }

// question is what was measured, without the event that caused it: "restarted" of "restarted after it froze".
func (m measurement) question() string {
	question, _, _ := strings.Cut(m.what, " after ")
	return question
}

func verifiedPage(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(verifiedText)))
	if err != nil {
		return "", fmt.Errorf("reading the words: %w", err)
	}
	page := string(text)
	for _, where := range []string{"nodes", "prober"} {
		tables, err := measuredTables(filepath.Join(root, filepath.FromSlash(measuredFolder), where+".txt"))
		if err != nil {
			return "", err
		}
		marker := "{{" + where + "}}"
		if strings.Count(page, marker) != 1 {
			return "", fmt.Errorf("%s does not have %s once", verifiedText, marker)
		}
		page = strings.Replace(page, marker, tables, 1)
	}
	return page, nil
}

// measuredTables are the summary of a file of measurements, and below it all of them, folded.
func measuredTables(file string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading measurements: %w", err)
	}
	var all []measurement
	for line := range strings.Lines(string(content)) {
		m, err := parseMeasurement(strings.TrimSpace(line))
		if err != nil {
			return "", fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		all = append(all, m)
	}
	d := &document{}
	d.table([]string{"what", "measurements", "as promised", "furthest outside"}, summaryRows(all))
	fmt.Fprintf(&d.text, "<details><summary>all %d measurements</summary>\n\n", len(all))
	var rows [][]string
	for _, m := range all {
		rows = append(rows, []string{m.subject, m.what, fmt.Sprintf("%.1f s", m.took), m.promised})
	}
	d.table([]string{"subject", "what", "measured", "promised"}, rows)
	return d.String() + "\n</details>", nil
}

// summaryRows has a row for each question, in the order in which they first come.
func summaryRows(all []measurement) [][]string {
	var questions []string
	for _, m := range all {
		if !slices.Contains(questions, m.question()) {
			questions = append(questions, m.question())
		}
	}
	var rows [][]string
	for _, question := range questions {
		count, inside, worst := 0, 0, 0.0
		for _, m := range all {
			if m.question() != question {
				continue
			}
			count++
			if m.over() == 0 {
				inside++
			}
			worst = max(worst, m.over())
		}
		furthest := "–"
		if worst > 0 {
			furthest = fmt.Sprintf("by %.1f s", worst)
		}
		rows = append(rows, []string{question, strconv.Itoa(count), strconv.Itoa(inside), furthest})
	}
	return rows
}

// parseMeasurement reads a row: | subject | what | 3.8 s | at most 11 s | or | … | 50 to 65 s |.
func parseMeasurement(line string) (m measurement, err error) {
	cells := strings.Split(strings.Trim(line, "| "), " | ")
	if len(cells) != 4 {
		return m, fmt.Errorf("%q has %d cells, not 4", line, len(cells))
	}
	m.subject, m.what, m.promised = cells[0], cells[1], cells[3]
	if _, err := fmt.Sscanf(cells[2], "%f s", &m.took); err != nil {
		return m, fmt.Errorf("%q: %q is no time", line, cells[2])
	}
	if _, err := fmt.Sscanf(m.promised, "at most %f s", &m.atLatest); err != nil {
		if _, err := fmt.Sscanf(m.promised, "%f to %f s", &m.notBefore, &m.atLatest); err != nil {
			return m, fmt.Errorf("%q: %q is no promise", line, m.promised)
		}
	}
	if m.over() > allowed {
		return m, fmt.Errorf("%q is not as promised, by more than the %g s that tests allow", line, allowed)
	}
	return m, nil
}
