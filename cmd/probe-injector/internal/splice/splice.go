// Package splice changes a YAML document by adding and removing whole lines, and by nothing else, so that comments, order,
// blank lines, quotes and line endings of everything else stay as they were written.
//
// [Apply] finds by the positions of nodes where lines belong. What comes out is decoded and compared with what had to come
// out; if the two differ, or if lines cannot do it, the document is refused. [Encode] then writes it anew.
package splice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// Change is what has to become of one document.
type Change struct {
	Add []Member
	// Remove are the places of members of mappings. A mapping that loses all its members goes, too.
	Remove []shape.Place
}

// Member is one to add to a mapping, which must not have it.
type Member struct {
	Of    shape.Place
	Name  string
	Value any
}

// Empty reports whether there is nothing to do.
func (c *Change) Empty() bool { return len(c.Add)+len(c.Remove) == 0 }

// RefusedError is why lines cannot be added to a document, or taken from it.
type RefusedError struct {
	// Line counts from 1 in the document.
	Line int
	// Why is the rest of a sentence that begins with the line.
	Why string
}

func (r *RefusedError) Error() string { return fmt.Sprintf("line %d: %s", r.Line, r.Why) }

// attempt is one of several ways to make the same change.
type attempt struct {
	// earlier is how many members of a mapping stay below what is added to it.
	earlier int
	// blanks takes the blank lines after a removed member away with it.
	blanks bool
}

// attempts are tried in turn. A last line without an end, where another cannot follow, is a case for the later ones; and a
// text above what is removed that keeps its blank lines, "|+", and would get those below, too.
var attempts = []attempt{{0, false}, {0, true}, {1, false}, {1, true}}

// Apply finds the edits that make the change. The error is a [*RefusedError], or tells that the text is no document to which the
// change fits.
func Apply(text []byte, change Change) ([]Edit, error) {
	if !utf8.Valid(text) {
		return nil, &RefusedError{1, "not written in UTF-8"}
	}
	want, err := expected(text, change)
	if err != nil {
		return nil, err
	}
	mark, body := opened(text)
	var root yaml.Node
	switch err := yaml.Unmarshal(body, &root); {
	case err != nil && json.Valid(body):
		return nil, &RefusedError{1, "JSON with escapes that YAML does not know"}
	case err != nil:
		return nil, err
	}
	l := layoutOf(body, &root)
	var refused *RefusedError
	for _, try := range attempts {
		edits, err := l.edits(change, try)
		if err != nil {
			return nil, err
		}
		if got, err := decode(ApplyEdits(body, edits)); err == nil && reflect.DeepEqual(got, want) {
			return moved(edits, len(mark)), nil
		}
		if refused == nil {
			refused = &RefusedError{1 + bytes.Count(body[:edits[0].Start], []byte("\n")), "adding or removing lines here would change something else, too"}
		}
	}
	return nil, refused
}

// moved gives edits of a text in front of which there is something else.
func moved(edits []Edit, by int) []Edit {
	for i := range edits {
		edits[i].Start += by
		edits[i].End += by
	}
	return edits
}

// byteOrderMark may stand in front of a file, where Windows' editors put it.
var byteOrderMark = []byte("\ufeff")

// separator begins a document in a stream.
const separator = "---"

// opened gives the byte order mark that a text begins with, and the text after it as a parser can read it by itself: in place
// of a separator there are spaces, which leave all positions as they are.
func opened(text []byte) (mark, body []byte) {
	mark = text[:len(text)-len(bytes.TrimPrefix(text, byteOrderMark))]
	body = slices.Clone(text[len(mark):])
	for i := range separatorLength(body) {
		body[i] = ' '
	}
	return mark, body
}

// separatorLength is the length of the separator that a document begins with, 0 if it begins with none.
func separatorLength(body []byte) int {
	rest, ok := bytes.CutPrefix(body, []byte(separator))
	if ok && (len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0) {
		return len(separator)
	}
	return 0
}
