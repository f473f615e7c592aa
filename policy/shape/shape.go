// Package shape says of JSON that does not fit a Go type where the wrong value stands, and what would be right.
package shape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Mistake is a value of a wrong type.
type Mistake struct {
	// Path is where it stands.
	Path *field.Path
	// Found is what it is: "string", "number", "bool", "object", "array".
	Found string
	// Type is what it has to be.
	Type reflect.Type
}

// Find says which value of a document decoding stopped at; ok is false for an error of another kind, and for one of a type
// that decodes itself, which does not say where. The document is what stands at root, which may be nil.
func Find(document []byte, err error, root *field.Path) (m Mistake, ok bool) {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || wrong.Type == nil || wrong.Offset == 0 {
		return Mistake{}, false
	}
	found, _, _ := strings.Cut(wrong.Value, " ")
	return Mistake{Path: pathAt(document, wrong.Offset, root), Found: found, Type: wrong.Type}, true
}

// Wanted says what is right in the place of the value.
func (m *Mistake) Wanted() string {
	switch m.Type.Kind() {
	case reflect.Struct, reflect.Map:
		return "must be a mapping"
	case reflect.Slice:
		return "must be a list"
	case reflect.Bool:
		return "must be true or false, without quotes"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "must be a whole number, without quotes"
	}
	return "must be a text: put it in quotes"
}

// Is names what was found in the words of YAML.
func (m *Mistake) Is() string {
	names := map[string]string{"string": "a text", "bool": "true or false", "object": "a mapping", "array": "a list"}
	if name, ok := names[m.Found]; ok {
		return name
	}
	return "a " + m.Found
}

// Below is the path of a member, whose name may have dots.
func Below(path *field.Path, name string) *field.Path {
	switch {
	case path == nil:
		return field.NewPath(name)
	case strings.ContainsAny(name, "./"):
		return path.Key(name)
	}
	return path.Child(name)
}

// pathAt is the path, below root, of the value of a JSON document that ends at an offset or holds it; root for the document
// itself.
func pathAt(document []byte, offset int64, root *field.Path) *field.Path {
	type level struct {
		path  *field.Path
		list  bool
		index int
		key   string
		named bool
	}
	var levels []level
	last := root
	decoder := json.NewDecoder(bytes.NewReader(document))
	for decoder.InputOffset() < offset {
		token, err := decoder.Token()
		if err != nil {
			return last
		}
		if end, ok := token.(json.Delim); ok && strings.ContainsRune("]}", rune(end)) {
			last = levels[len(levels)-1].path
			levels = levels[:len(levels)-1]
			continue
		}
		here := root
		if len(levels) > 0 {
			in := &levels[len(levels)-1]
			switch {
			case in.list:
				here = in.path.Index(in.index)
				in.index++
			case !in.named:
				in.key, in.named = fmt.Sprint(token), true
				continue
			default:
				here, in.named = Below(in.path, in.key), false
			}
		}
		last = here
		if start, ok := token.(json.Delim); ok {
			levels = append(levels, level{path: here, list: start == '['})
		}
	}
	return last
}
