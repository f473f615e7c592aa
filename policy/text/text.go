// Package text makes what others wrote fit to be shown: printable, and short.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// ASCII replaces everything but printable ASCII by question marks.
func ASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// Printable replaces control characters by spaces, and what is no UTF-8 by U+FFFD.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// Truncate cuts s to at most n characters, the last of which are the mark if anything was cut.
func Truncate(s string, n int, mark string) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-utf8.RuneCountInString(mark)]) + mark
}

// TruncateBytes cuts s to at most n bytes, without a mark. What is no UTF-8 is dropped, also where it was cut.
func TruncateBytes(s string, n int) string {
	return strings.ToValidUTF8(s[:min(n, len(s))], "")
}
