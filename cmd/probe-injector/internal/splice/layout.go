package splice

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// layout is a document as lines, with the nodes that stand on them. Lines count from 1, as those of nodes do.
type layout struct {
	text  []byte
	lines []line
	root  *yaml.Node
	// bound is the first line after the document.
	bound int
}

// line is one line of a text.
type line struct {
	start int
	// end is where its text ends, next where its line break ends.
	end, next int
}

// breaks are what YAML 1.1, and so the parser, takes for the end of a line; the longest first.
var breaks = [][]byte{[]byte("\r\n"), []byte("\n"), []byte("\r"), []byte("\u0085"), []byte("\u2028"), []byte("\u2029")}

func layoutOf(text []byte, root *yaml.Node) *layout {
	l := &layout{text: text, root: root}
	for start := 0; start < len(text); {
		at := lineAt(text, start)
		l.lines = append(l.lines, at)
		start = at.next
	}
	l.bound = len(l.lines) + 1
	for number := 1; number <= len(l.lines); number++ {
		if rest, ok := bytes.CutPrefix(l.line(number), []byte("...")); ok && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t') {
			l.bound = number
			break
		}
	}
	return l
}

func lineAt(text []byte, start int) line {
	for at := start; at < len(text); at++ {
		for _, each := range breaks {
			if bytes.HasPrefix(text[at:], each) {
				return line{start, at, at + len(each)}
			}
		}
	}
	return line{start, len(text), len(text)}
}

// line is the text of a line without its end.
func (l *layout) line(number int) []byte {
	at := l.lines[number-1]
	return l.text[at.start:at.end]
}

// ending is the break at the end of a line, or one like it for a line that has none or an unusual one.
func (l *layout) ending(number int) string {
	for ; number > 0; number-- {
		at := l.lines[number-1]
		switch ending := string(l.text[at.end:at.next]); ending {
		case "\n", "\r\n", "\r":
			return ending
		}
	}
	return "\n"
}

// ends reports whether a line has a break at its end, so that another can follow.
func (l *layout) ends(number int) bool {
	at := l.lines[number-1]
	return at.next > at.end
}

// indent is how many spaces a line begins with.
func (l *layout) indent(number int) int {
	text := l.line(number)
	return len(text) - len(bytes.TrimLeft(text, " "))
}

func (l *layout) isBlank(number int) bool { return len(bytes.TrimLeft(l.line(number), " \t")) == 0 }

// looksLikeComment reports whether a line is a comment, unless it belongs to a text of several lines.
func (l *layout) looksLikeComment(number int) bool {
	return bytes.HasPrefix(bytes.TrimLeft(l.line(number), " \t"), []byte("#"))
}

// at gives the text of a line from a column on, which counts characters from 1.
func (l *layout) at(number, column int) []byte {
	text := l.line(number)
	for i := range string(text) {
		if column--; column == 0 {
			return text[i:]
		}
	}
	return nil
}
