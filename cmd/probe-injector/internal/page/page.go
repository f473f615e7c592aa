// Package page lays text out for people, in lines of 80 columns. [Page.Wrapped] is what most of it needs.
package page

import (
	"io"
	"strings"
)

// Width is the number of columns that the text keeps to where words allow it.
const Width = 80

// Page writes lines.
type Page struct {
	to  io.Writer
	err error
}

// New returns a page that is written as it grows.
func New(to io.Writer) *Page { return &Page{to: to} }

// Err is the first error of the writer, which ended the writing.
func (p *Page) Err() error { return p.err }

// Line writes one line as it is, but for space at its end.
func (p *Page) Line(text string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.to, strings.TrimRight(text, " ")+"\n")
	}
}

// Wrapped writes a text after a lead, with further lines below the text's beginning.
func (p *Page) Wrapped(lead, text string) {
	p.fill(lead, strings.Repeat(" ", len(lead)), text)
}

// Commented writes a text and, from a column on, a comment beside it.
func (p *Page) Commented(text string, column int, comment string) {
	padded := text + strings.Repeat(" ", max(1, column-len(text)))
	p.fill(padded+"# ", strings.Repeat(" ", len(padded))+"# ", comment)
}

// fill fills lines with the words of a text; the first begins with lead, the others with below.
func (p *Page) fill(lead, below, text string) {
	line := lead
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case len(line)+1+len(word) > Width:
			p.Line(line)
			line = below + word
		default:
			line += " " + word
		}
	}
	p.Line(line)
}
