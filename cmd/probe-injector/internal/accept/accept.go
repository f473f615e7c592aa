// Package accept reads and writes the file of findings that people have accepted: each line names a finding, says why it is
// accepted, and takes it out of the report. Annotations cannot do that for what other people's charts make.
//
//	PS010  shop/deployment/web/app  # vendor chart, OPS-12
package accept

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
)

// List is what was accepted.
type List struct {
	name  string
	lines []line
}

// line is one of them.
type line struct {
	number int
	id     string
	// pattern is NAMESPACE/KIND/NAME and, if only one container is meant, /CONTAINER. A * in it stands for any text within a part.
	pattern string
	why     string
	used    bool
}

// Parse reads a file. All that is wrong with it comes back at once. An id that is known is one that a finding can have.
func Parse(name string, text []byte, known func(id string) bool) (*List, error) {
	list := &List{name: name}
	var errs []error
	number := 0
	for raw := range bytes.Lines(text) {
		number++
		content := strings.TrimSpace(strings.TrimPrefix(string(raw), "\ufeff"))
		if content == "" || content[0] == '#' {
			continue
		}
		parsed, err := parseLine(content)
		switch {
		case err != nil:
		case !known(parsed.id):
			err = fmt.Errorf("%s is no rule and no reason", parsed.id)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", name, number, err))
			continue
		}
		parsed.number = number
		list.lines = append(list.lines, parsed)
	}
	return list, errors.Join(errs...)
}

// Parts of a pattern: namespace, kind and name, and perhaps the container.
const (
	partsOfWorkload  = 3
	partsOfContainer = 4
)

func parseLine(content string) (line, error) {
	said, why, explained := strings.Cut(content, "#")
	id, pattern, _ := strings.Cut(strings.TrimSpace(said), " ")
	if before, after, tabbed := strings.Cut(id, "\t"); tabbed {
		id, pattern = before, after+" "+pattern
	}
	l := line{id: id, pattern: strings.TrimSpace(pattern), why: strings.TrimSpace(why)}
	parts := strings.Count(l.pattern, "/") + 1
	switch {
	case l.pattern == "" || parts < partsOfWorkload || parts > partsOfContainer || slices.Contains(strings.Split(l.pattern, "/"), ""):
		return l, errors.New("write ID NAMESPACE/KIND/NAME/CONTAINER # WHY, such as PS010 shop/deployment/web/app # vendor chart, OPS-12")
	case !explained || l.why == "":
		return l, errors.New("say why it is accepted, behind a #")
	}
	return l, nil
}

// Accepts reports whether a finding is accepted, and remembers the lines that say so.
func (l *List) Accepts(f *finding.Finding) bool {
	accepted := false
	for i := range l.lines {
		if l.lines[i].matches(f) {
			l.lines[i].used, accepted = true, true
		}
	}
	return accepted
}

func (l *line) matches(f *finding.Finding) bool {
	if l.id != f.ID {
		return false
	}
	pattern := strings.Split(strings.ToLower(l.pattern), "/")
	parts := partsOf(f)
	if len(pattern) == partsOfContainer {
		parts = append(parts, f.Container)
	}
	for i := range pattern {
		if !matches(pattern[i], strings.ToLower(parts[i])) {
			return false
		}
	}
	return true
}

// partsOf are those of the workload's path.
func partsOf(f *finding.Finding) []string {
	return []string{f.Workload.Namespace, f.Workload.Kind, f.Workload.Name}
}

// matches reports whether a text fits a pattern in which only * has a meaning. The text has no slash.
func matches(pattern, text string) bool {
	escaped := strings.NewReplacer(`\`, `\\`, "?", `\?`, "[", `\[`).Replace(pattern)
	fits, err := path.Match(escaped, strings.ReplaceAll(text, "/", "_"))
	return err == nil && fits
}

// Stale are the lines that accept nothing any more, as sentences.
func (l *List) Stale() []string {
	stale := []string{}
	for i := range l.lines {
		if each := &l.lines[i]; !each.used {
			stale = append(stale, fmt.Sprintf("%s:%d: %s %s accepts nothing any more: remove the line", l.name, each.number, each.id, each.pattern))
		}
	}
	return stale
}

// header says in the file what it is.
const header = `# Findings of "probe-injector lint" that are accepted: ID NAMESPACE/KIND/NAME/CONTAINER # WHY
# A * stands for any text within a part; without /CONTAINER all containers are meant.
`

// whyBefore is why a finding is accepted that was there when the file was written.
const whyBefore = "was there when this file was written"

// Write writes a file that accepts the findings, and what the list accepts that still is found.
func (l *List) Write(to io.Writer, findings []finding.Finding) error {
	var lines []line
	for i := range l.lines {
		if l.lines[i].used {
			lines = append(lines, l.lines[i])
		}
	}
	for i := range findings {
		f := &findings[i]
		parts := partsOf(f)
		if f.Container != "" {
			parts = append(parts, f.Container)
		}
		each := line{id: f.ID, pattern: strings.Join([]string{parts[0], strings.ToLower(parts[1]), strings.Join(parts[2:], "/")}, "/"), why: whyBefore}
		if !slices.ContainsFunc(lines, func(other line) bool { return other.id == each.id && other.pattern == each.pattern }) {
			lines = append(lines, each)
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		return strings.Compare(a.pattern+" "+a.id, b.pattern+" "+b.id)
	})
	if _, err := io.WriteString(to, header); err != nil {
		return err
	}
	const padding = 2
	table := tabwriter.NewWriter(to, 0, 0, padding, ' ', 0)
	for _, each := range lines {
		fmt.Fprintf(table, "%s\t%s\t# %s\n", each.id, each.pattern, each.why)
	}
	return table.Flush()
}
