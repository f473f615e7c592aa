package wanted

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
)

// Row is one workload: what is wanted of it, what it gets. One of both may be empty.
type Row struct{ Workload, Want, Got string }

// Differs reports whether it is not as wanted.
func (r Row) Differs() bool { return r.Want != r.Got }

// Comparison is all workloads of both sides, sorted.
type Comparison struct {
	Rows []Row
	// headLines is how many lines stand above the workloads, on both sides.
	headLines int
}

// Compare puts what is wanted beside what the workloads get. Both are sorted, so that the same workload meets itself.
func Compare(want, got *File) Comparison {
	c := Comparison{headLines: strings.Count(want.head, "\n")}
	a, b := want.lines, got.lines
	for len(a) > 0 || len(b) > 0 {
		var order int
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = cmp.Compare(a[0].Workload, b[0].Workload)
		}
		row := Row{}
		if order <= 0 {
			row, a = Row{Workload: a[0].Workload, Want: a[0].Says}, a[1:]
		}
		if order >= 0 {
			row.Workload, row.Got, b = b[0].Workload, b[0].Says, b[1:]
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}

// Counts are how many workloads are as wanted, get something else, are not in the file, and are only there.
func (c *Comparison) Counts() (same, other, unwanted, missing int) {
	for _, r := range c.Rows {
		switch {
		case r.Got == "":
			missing++
		case r.Want == "":
			unwanted++
		case r.Differs():
			other++
		default:
			same++
		}
	}
	return same, other, unwanted, missing
}

// Missing are the workloads that only the file has.
func (c *Comparison) Missing() []string {
	var names []string
	for _, r := range c.Rows {
		if r.Got == "" {
			names = append(names, r.Workload)
		}
	}
	return names
}

// contextLines is how many lines without a difference surround each in a unified diff, as diff -u has it.
const contextLines = 3

// WriteDiff writes the difference as diff -u does, from the file to what it must be; nothing where there is none.
func (c *Comparison) WriteDiff(to io.Writer, file string) error {
	var text strings.Builder
	oldLine, newLine := c.headLines, c.headLines
	for at := 0; at < len(c.Rows); {
		begin, end := c.hunk(at)
		if begin == end {
			break
		}
		for _, r := range c.Rows[at:begin] {
			oldLine, newLine = oldLine+count(r.Want), newLine+count(r.Got)
		}
		oldCount, newCount, body := hunkBody(c.Rows[begin:end])
		fmt.Fprintf(&text, "@@ -%s +%s @@\n%s", span(oldLine, oldCount), span(newLine, newCount), body)
		oldLine, newLine, at = oldLine+oldCount, newLine+newCount, end
	}
	if text.Len() == 0 {
		return nil
	}
	_, err := fmt.Fprintf(to, "--- %s\n+++ %s as it is now\n%s", file, file, text.String())
	return err
}

// hunk is the next stretch with differences, with the lines around it; begin and end are equal where there is none.
func (c *Comparison) hunk(from int) (begin, end int) {
	last := -1
	for i := from; i < len(c.Rows); i++ {
		switch {
		case !c.Rows[i].Differs():
			if last >= 0 && i-last > 2*contextLines {
				return begin, last + 1 + contextLines
			}
		case last < 0:
			begin, last = max(from, i-contextLines), i
		default:
			last = i
		}
	}
	if last < 0 {
		return from, from
	}
	return begin, min(len(c.Rows), last+1+contextLines)
}

func hunkBody(rows []Row) (oldCount, newCount int, body string) {
	var text strings.Builder
	write := func(mark, workload, says string) {
		if says != "" {
			text.WriteString(mark + explanation.Line{Workload: workload, Says: says}.String() + "\n")
		}
	}
	for _, r := range rows {
		oldCount, newCount = oldCount+count(r.Want), newCount+count(r.Got)
		if r.Differs() {
			write("-", r.Workload, r.Want)
			write("+", r.Workload, r.Got)
			continue
		}
		write(" ", r.Workload, r.Want)
	}
	return oldCount, newCount, text.String()
}

func count(says string) int {
	if says == "" {
		return 0
	}
	return 1
}

// span is a range of lines as diff -u writes it: an empty one is named by the line before it.
func span(before, lines int) string {
	switch lines {
	case 0:
		return fmt.Sprintf("%d,0", before)
	case 1:
		return strconv.Itoa(before + 1)
	}
	return fmt.Sprintf("%d,%d", before+1, lines)
}
