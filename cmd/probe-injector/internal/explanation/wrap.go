package explanation

import (
	"io"
	"strings"
)

// width is the number of columns that the text keeps to where words allow it.
const width = 80

// page writes lines. The first error of the writer is kept and ends the writing.
type page struct {
	to  io.Writer
	err error
}

func (p *page) line(text string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.to, strings.TrimRight(text, " ")+"\n")
	}
}

// wrapped writes a text after a lead, with further lines below the text's beginning.
func (p *page) wrapped(lead, text string) {
	p.filled(lead, strings.Repeat(" ", len(lead)), text)
}

// commented writes a text and, from a column on, a comment beside it.
func (p *page) commented(text string, column int, comment string) {
	padded := text + strings.Repeat(" ", max(1, column-len(text)))
	p.filled(padded+"# ", strings.Repeat(" ", len(padded))+"# ", comment)
}

// filled fills lines with the words of a text; the first begins with lead, the others with below.
func (p *page) filled(lead, below, text string) {
	line := lead
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case len(line)+1+len(word) > width:
			p.line(line)
			line = below + word
		default:
			line += " " + word
		}
	}
	p.line(line)
}
