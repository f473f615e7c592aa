package splice

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// lastLine is the last line of a value. outer is the indent of the collection that holds it, bound the first line that
// belongs to whatever comes next.
func (l *layout) lastLine(value *yaml.Node, outer, bound int) int {
	switch {
	case isBlock(value) && value.Kind == yaml.MappingNode && len(value.Content) > 0:
		key, last := value.Content[len(value.Content)-2], value.Content[len(value.Content)-1]
		return max(key.Line, l.lastLine(last, indentOf(value), bound))
	case isBlock(value) && value.Kind == yaml.SequenceNode && len(value.Content) > 0:
		return l.lastLine(value.Content[len(value.Content)-1], indentOf(value), bound)
	case value.Kind == yaml.ScalarNode:
		switch {
		case value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
			return l.lastLineOfBlockScalar(value, outer, bound)
		case value.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
			return l.lastLineOfQuotes(value, bound)
		}
	}
	return l.lastLineOfContent(value.Line, bound)
}

// isBlock reports whether a collection is written without brackets.
func isBlock(collection *yaml.Node) bool { return collection.Style&yaml.FlowStyle == 0 }

// indentOf is where the keys or the dashes of a block collection stand. The first key may follow its mapping's own tag.
func indentOf(collection *yaml.Node) int {
	if collection.Kind == yaml.MappingNode && len(collection.Content) > 0 {
		return collection.Content[0].Column - 1
	}
	return collection.Column - 1
}

// lastLineOfContent is the last line that is neither blank nor a comment.
func (l *layout) lastLineOfContent(first, bound int) int {
	for number := bound - 1; number > first; number-- {
		if !l.isBlank(number) && !l.looksLikeComment(number) {
			return number
		}
	}
	return first
}

// lastLineOfBlockScalar follows YAML 1.2, 8.1: what is indented as much as the first line belongs to it, also what looks like
// a comment; and blank lines do where "+" keeps them, or where they have more spaces than the indent.
func (l *layout) lastLineOfBlockScalar(scalar *yaml.Node, outer, bound int) int {
	header := l.headerOf(scalar)
	indent, keep := 0, bytes.ContainsRune(header, '+')
	if digit := bytes.IndexAny(header, "123456789"); digit >= 0 {
		indent = outer + int(header[digit]-'0')
	}
	last, blank := scalar.Line, 0
	for number := scalar.Line + 1; number < bound; number++ {
		if l.isBlank(number) && (indent == 0 || l.indent(number) <= indent) {
			blank = number
			continue
		}
		if indent == 0 {
			indent = max(l.indent(number), outer+1)
		}
		if l.indent(number) < indent {
			break
		}
		last, blank = number, number
	}
	if keep {
		return max(last, blank)
	}
	return last
}

// headerOf gives "|" or ">" and the indicators after it.
func (l *layout) headerOf(scalar *yaml.Node) []byte {
	text := l.at(scalar.Line, scalar.Column)
	// A tag or an anchor may stand in front of it, and a comment after it.
	if start := bytes.IndexAny(text, "|>"); start >= 0 {
		text = text[start:]
	}
	if end := bytes.IndexAny(text, " \t#"); end >= 0 {
		text = text[:end]
	}
	return text
}

// lastLineOfQuotes is the line with the closing quote.
func (l *layout) lastLineOfQuotes(scalar *yaml.Node, bound int) int {
	quote := byte('"')
	if scalar.Style&yaml.SingleQuotedStyle != 0 {
		quote = '\''
	}
	text := l.at(scalar.Line, scalar.Column)
	start := bytes.IndexByte(text, quote)
	if start < 0 {
		return l.lastLineOfContent(scalar.Line, bound)
	}
	at := l.lines[scalar.Line-1].end - len(text) + start + 1
	number := scalar.Line
	for ; at < len(l.text); at++ {
		for number < len(l.lines) && at >= l.lines[number-1].next {
			number++
		}
		switch {
		case l.text[at] == '\\' && quote == '"', l.text[at] == quote && quote == '\'' && bytes.HasPrefix(l.text[at+1:], []byte("'")):
			at++
		case l.text[at] == quote:
			return number
		}
	}
	return number
}
