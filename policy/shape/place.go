package shape

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Place is where something stands in a document: names of members, and indexes of lists. The zero value is the document.
type Place []any

// Members is the place that names of members lead to.
func Members(names ...string) Place {
	place := make(Place, len(names))
	for i, name := range names {
		place[i] = name
	}
	return place
}

// With is the place of a member or an item of what stands here.
func (p Place) With(steps ...any) Place { return slices.Concat(p, steps) }

// In gives what stands at the place.
func (p Place) In(document any) (any, bool) {
	for _, step := range p {
		below, ok := stepInto(document, step)
		if !ok {
			return nil, false
		}
		document = below
	}
	return document, true
}

func stepInto(value, step any) (any, bool) {
	switch step := step.(type) {
	case string:
		members, _ := value.(map[string]any)
		below, ok := members[step]
		return below, ok
	case int:
		list, _ := value.([]any)
		if step < len(list) {
			return list[step], true
		}
	}
	return nil, false
}

// Without is a copy of a document in which nothing stands at the place. An item of a list becomes null, so that the others keep
// their indexes.
func (p Place) Without(document any) any {
	if len(p) == 0 {
		return nil
	}
	below, ok := stepInto(document, p[0])
	if !ok {
		return document
	}
	switch step := p[0].(type) {
	case string:
		members := maps.Clone(document.(map[string]any)) //nolint:forcetypeassert // stepInto found it there
		if members[step] = p[1:].Without(below); len(p) == 1 {
			delete(members, step)
		}
		return members
	case int:
		list := slices.Clone(document.([]any)) //nolint:forcetypeassert // stepInto found it there
		list[step] = p[1:].Without(below)
		return list
	}
	return document
}

// Path is the place for people; nil for the document itself.
func (p Place) Path() *field.Path {
	var path *field.Path
	for _, step := range p {
		switch step := step.(type) {
		case int:
			path = path.Index(step)
		case string:
			switch {
			case path == nil:
				path = field.NewPath(step)
			case strings.ContainsAny(step, "./"):
				path = path.Key(step)
			default:
				path = path.Child(step)
			}
		}
	}
	return path
}
