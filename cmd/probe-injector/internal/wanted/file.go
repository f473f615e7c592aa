// Package wanted compares what becomes of a fleet's workloads with what is wanted: a file with one line for each, which
// "policy test --update" writes and people keep under version control.
package wanted

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
)

// comment begins lines that people write above all others.
const comment = "#"

// head is the comment of a new file.
const head = `# What the Pods of each workload get, one line each, sorted. Written by probe-injector policy test --update.
`

// File is what is wanted.
type File struct {
	// head is the comment at the beginning, with its line ends.
	head string
	// lines are sorted.
	lines []explanation.Line
}

// New is an empty file.
func New() *File { return &File{head: head} }

// Parse reads a file. The name is for errors.
func Parse(name, text string) (*File, error) {
	f := &File{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		// Git may have made the line ends those of Windows.
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "" || strings.HasPrefix(line, comment):
			if len(f.lines) > 0 {
				return nil, fmt.Errorf("%s:%d: comments and empty lines stand above all workloads", name, number)
			}
			f.head += line + "\n"
		default:
			parsed, ok := explanation.ParseLine(line)
			if !ok {
				return nil, fmt.Errorf("%s:%d: must be NAMESPACE/KIND/NAME, two spaces, and what its Pods get", name, number)
			}
			f.lines = append(f.lines, parsed)
		}
	}
	sortLines(f.lines)
	return f, nil
}

// With is the file with other lines.
func (f *File) With(lines []explanation.Line) *File {
	lines = slices.Clone(lines)
	sortLines(lines)
	return &File{head: f.head, lines: lines}
}

// String is the text of the file.
func (f *File) String() string {
	var text strings.Builder
	text.WriteString(f.head)
	for _, line := range f.lines {
		text.WriteString(line.String())
		text.WriteByte('\n')
	}
	return text.String()
}

func sortLines(lines []explanation.Line) { slices.SortStableFunc(lines, compareLines) }

func compareLines(a, b explanation.Line) int {
	return cmp.Or(cmp.Compare(a.Workload, b.Workload), cmp.Compare(a.Says, b.Says))
}
