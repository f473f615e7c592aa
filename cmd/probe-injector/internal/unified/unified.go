// Package unified prints changes of a text as a unified diff, which patch and git apply read.
package unified

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Change puts a text in the place of the bytes from Start to End.
type Change struct {
	Start, End int
	Text       []byte
}

// context is how many lines around a change are shown, as for diff -u.
const context = 3

// noEnd is what diff prints below a last line that has no end.
const noEnd = `\ No newline at end of file`

// hunk is lines that stand together, of which some change.
type hunk struct {
	// before and after count lines from 0, where the hunk begins.
	before, after int
	lines         []string
	// removed, added and kept count the lines.
	removed, added, kept int
}

// Diff gives the diff of a file; empty when nothing changes. The changes are in the order of the text.
func Diff(name string, text []byte, changes []Change) []byte {
	var out bytes.Buffer
	hunks := hunksOf(lines(text), text, changes)
	if len(hunks) == 0 {
		return nil
	}
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", name, name)
	for _, h := range hunks {
		fmt.Fprintf(&out, "@@ -%s +%s @@\n", extent(h.before, h.kept+h.removed), extent(h.after, h.kept+h.added))
		for _, line := range h.lines {
			out.WriteString(line)
			if !strings.HasSuffix(line, "\n") {
				out.WriteString("\n" + noEnd + "\n")
			}
		}
	}
	return out.Bytes()
}

// extent is a line and a count, as POSIX wants them: one line needs no count, and none stands after the line before.
func extent(start, count int) string {
	switch count {
	case 0:
		return fmt.Sprintf("%d,0", start)
	case 1:
		return strconv.Itoa(start + 1)
	}
	return fmt.Sprintf("%d,%d", start+1, count)
}

// lines splits a text after its line feeds, the only breaks that diff knows.
func lines(text []byte) []string {
	var all []string
	for line := range bytes.Lines(text) {
		all = append(all, string(line))
	}
	return all
}

// region is lines that become others.
type region struct {
	first, next int
	becomes     []string
}

// hunksOf puts regions with little between them together, and lines around them.
func hunksOf(all []string, text []byte, changes []Change) []hunk {
	var hunks []hunk
	grown := 0
	regions := regionsOf(all, text, changes)
	for i, r := range regions {
		start := max(0, r.first-context)
		if i > 0 && start <= regions[i-1].next+context {
			hunks[len(hunks)-1].keep(all[regions[i-1].next:r.first])
		} else {
			hunks = append(hunks, hunk{before: start, after: start + grown})
			hunks[len(hunks)-1].keep(all[start:r.first])
		}
		h := &hunks[len(hunks)-1]
		h.change(all[r.first:r.next], r.becomes)
		grown += len(r.becomes) - (r.next - r.first)
		if end := min(len(all), r.next+context); i+1 == len(regions) || regions[i+1].first-context > r.next+context {
			h.keep(all[r.next:end])
		}
	}
	return hunks
}

func (h *hunk) keep(lines []string) {
	for _, line := range lines {
		h.lines = append(h.lines, " "+line)
	}
	h.kept += len(lines)
}

func (h *hunk) change(from, to []string) {
	for _, line := range from {
		h.lines = append(h.lines, "-"+line)
	}
	for _, line := range to {
		h.lines = append(h.lines, "+"+line)
	}
	h.removed += len(from)
	h.added += len(to)
}

// regionsOf are the changes in whole lines. Changes that share a line are one region.
func regionsOf(all []string, text []byte, changes []Change) []region {
	starts := make([]int, len(all)+1)
	for i, line := range all {
		starts[i+1] = starts[i] + len(line)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		// What follows a line that does not end is part of it.
		starts[len(all)]++
	}
	var regions []region
	for at := 0; at < len(changes); {
		first := lineAt(starts, changes[at].Start)
		next, end := first, at
		for end < len(changes) && (end == at || changes[end].Start < starts[next]) {
			if next = max(next, lineAt(starts, changes[end].End)); changes[end].End > starts[next] {
				next++
			}
			end++
		}
		regions = append(regions, region{first, next, lines(changed(text[starts[first]:min(starts[next], len(text))], changes[at:end], starts[first]))})
		at = end
	}
	return regions
}

// lineAt is the line that an offset stands in.
func lineAt(starts []int, offset int) int {
	low, high := 0, len(starts)
	for high-low > 1 {
		if middle := (low + high) / 2; starts[middle] <= offset {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

func changed(text []byte, changes []Change, offset int) []byte {
	var out bytes.Buffer
	at := 0
	for _, c := range changes {
		out.Write(text[at : c.Start-offset])
		out.Write(c.Text)
		at = c.End - offset
	}
	out.Write(text[at:])
	return out.Bytes()
}
