// Package shape says of JSON that does not fit a Go type where the wrong value stands, and what would be right.
package shape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Mistake is a value of a wrong type.
type Mistake struct {
	// Place is where it stands.
	Place Place
	// Found is what it is: "string", "number", "bool", "object", "array".
	Found string
	// Type is what it has to be.
	Type reflect.Type
}

// Find says which value of a document decoding stopped at; ok is false for an error of another kind, and for one of a type
// that decodes itself, which does not say where.
func Find(document []byte, err error) (m Mistake, ok bool) {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || wrong.Type == nil || wrong.Offset == 0 {
		return Mistake{}, false
	}
	found, _, _ := strings.Cut(wrong.Value, " ")
	return Mistake{Place: placeAt(document, wrong.Offset), Found: found, Type: wrong.Type}, true
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
	names := map[string]string{"string": "a text", "bool": "a boolean", "object": "a mapping", "array": "a list"}
	if name, ok := names[m.Found]; ok {
		return name
	}
	return "a " + m.Found
}

// placeAt is the place of the value of a JSON document that ends at an offset or holds it.
func placeAt(document []byte, offset int64) Place {
	type level struct {
		place Place
		list  bool
		index int
		key   string
		named bool
	}
	var levels []level
	var last Place
	decoder := json.NewDecoder(bytes.NewReader(document))
	for decoder.InputOffset() < offset {
		token, err := decoder.Token()
		if err != nil {
			return last
		}
		if end, ok := token.(json.Delim); ok && (end == ']' || end == '}') {
			last = levels[len(levels)-1].place
			levels = levels[:len(levels)-1]
			continue
		}
		var here Place
		if len(levels) > 0 {
			in := &levels[len(levels)-1]
			switch {
			case in.list:
				here = in.place.With(in.index)
				in.index++
			case !in.named:
				in.key, in.named = fmt.Sprint(token), true
				continue
			default:
				here, in.named = in.place.With(in.key), false
			}
		}
		last = here
		if start, ok := token.(json.Delim); ok {
			levels = append(levels, level{place: here, list: start == '['})
		}
	}
	return last
}
