package main

import (
	"fmt"
	"strings"
)

// document collects a page of Markdown.
type document struct {
	text strings.Builder
}

// newDocument begins a page with its title, what it is for, and where it comes from.
func newDocument(title, introduction, source string) *document {
	d := &document{}
	d.paragraph("# " + title)
	d.paragraph(introduction)
	d.paragraph("*Generated from " + source + " by `go run ./docs/generate`: change it there.*")
	return d
}

// paragraph adds a block and an empty line.
func (d *document) paragraph(text string) {
	d.text.WriteString(strings.TrimSpace(text) + "\n\n")
}

// heading adds a section.
func (d *document) heading(text string) { d.paragraph("## " + text) }

// table adds a table. Cells may hold Markdown; a bar in them is escaped.
func (d *document) table(header []string, rows [][]string) {
	d.row(header)
	d.text.WriteString(strings.Repeat("|---", len(header)) + "|\n")
	for _, cells := range rows {
		d.row(cells)
	}
	d.text.WriteString("\n")
}

func (d *document) row(cells []string) {
	for _, cell := range cells {
		fmt.Fprintf(&d.text, "| %s ", strings.ReplaceAll(cell, "|", `\|`))
	}
	d.text.WriteString("|\n")
}

// String is the page, with one line end at its end.
func (d *document) String() string { return strings.TrimSpace(d.text.String()) + "\n" }

func code(text string) string { return "`" + text + "`" }

// anchor lets links of reports lead to a row of a table.
func anchor(id string) string { return `<a id="` + id + `"></a>` }
