package manifest

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	yamlnode "go.yaml.in/yaml/v3"
)

// filler takes a column and means nothing; it is a character for private use.
const filler = "\ue000"

// unicodeEscape is how long the escape of a UTF-16 unit is: \u00e9.
const unicodeEscape = 6

// withoutEscapes puts the characters themselves in the place of escapes that JSON has and YAML 1.1 has not: \/, and \u of two units.
// Python and PHP write them by default. Every character keeps its column.
func withoutEscapes(text []byte) []byte {
	var out bytes.Buffer
	for rest := text; len(rest) > 0; {
		i := bytes.IndexByte(rest, '\\')
		if i < 0 || i+1 == len(rest) {
			out.Write(rest)
			break
		}
		out.Write(rest[:i])
		rest = rest[i:]
		character, length := escaped(rest)
		if length == 0 {
			// YAML has this one, too.
			out.Write(rest[:2])
			rest = rest[2:]
			continue
		}
		out.WriteString(strings.Repeat(filler, length-1))
		out.WriteRune(character)
		rest = rest[length:]
	}
	return out.Bytes()
}

// escaped is the character of an escape that only JSON has, and how long the escape is: nothing if YAML has it as well.
func escaped(text []byte) (character rune, length int) {
	if text[1] == '/' {
		return '/', len(`\/`)
	}
	unit, isUnit := unitOf(text)
	if !isUnit || !utf16.IsSurrogate(unit) {
		return 0, 0
	}
	if second, isUnit := unitOf(text[unicodeEscape:]); isUnit {
		if both := utf16.DecodeRune(unit, second); both != utf8.RuneError {
			return both, 2 * unicodeEscape
		}
	}
	return utf8.RuneError, unicodeEscape
}

// unitOf is the UTF-16 unit that a text begins with the escape of.
func unitOf(text []byte) (rune, bool) {
	if len(text) < unicodeEscape || !bytes.HasPrefix(text, []byte(`\u`)) {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[len(`\u`):unicodeEscape]), 16, 16)
	return rune(unit), err == nil
}

// unfill takes the fillers out of a tree.
func unfill(node *yamlnode.Node) {
	node.Value = strings.ReplaceAll(node.Value, filler, "")
	for _, below := range node.Content {
		unfill(below)
	}
}
