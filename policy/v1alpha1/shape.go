package v1alpha1

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// wrongShape says of a value of a wrong type where it stands and what would be right.
func wrongShape(document []byte, err error) error {
	mistake, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok || mistake.Type == nil {
		return fmt.Errorf("not a %s: %w", Kind, err)
	}
	path := pathAt(document, mistake.Offset)
	if path == nil {
		return fmt.Errorf("not a %s: must be a mapping, is a %s", Kind, mistake.Value)
	}
	return fmt.Errorf("not a %s: %s: is a %s, %s", Kind, path, mistake.Value, wanted(mistake.Type))
}

// wanted says what a member of a type has to be.
func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[ExecAction]():
		return "must be a mapping with the program and its arguments one by one: {command: [pg_isready, -q]}"
	case t == reflect.TypeFor[[]string]():
		return "must be a list of texts, such as [pg_isready, -q]"
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "must be a mapping"
	case reflect.Slice:
		return "must be a list"
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int32, reflect.Int64:
		return "must be a whole number, without quotes"
	}
	return `must be a text: put it in quotes`
}

// pathAt is the path of the value of a JSON document that ends at an offset or holds it; nil for the document itself.
func pathAt(document []byte, offset int64) *field.Path {
	type level struct {
		path  *field.Path
		list  bool
		index int
		key   string
		named bool
	}
	var levels []level
	var last *field.Path
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
		var here *field.Path
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
				here, in.named = below(in.path, in.key), false
			}
		}
		last = here
		if start, ok := token.(json.Delim); ok {
			levels = append(levels, level{path: here, list: start == '['})
		}
	}
	return last
}
