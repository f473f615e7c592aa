package preflight

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/shape"
	"github.com/probe-injector/probe-injector/policy/text"
)

// Refusal is one thing for which a change is refused.
type Refusal struct {
	// Field is the path in the object, Message what is wrong and what would be right.
	Field, Message string
}

// What an answer that refuses may hold: kubectl prints all of it.
const (
	maxRefusals     = 20
	maxRefusedField = 400
)

// refusals are the wrong values of annotations in the template, and the misplaced keys, whose value this change created or
// changed. What people wrote is compared key by key, and never what it leads to: a mistake that is stored already, a
// container that is renamed below it and a key that is removed refuse nothing. An unknown key may be one of a later version
// or of a container that another webhook adds, so that it only warns.
func (c *Change) refusals(unread unreads, mistakes field.ErrorList) []Refusal {
	var all []Refusal
	add := func(place shape.Place, message string) {
		if len(all) < maxRefusals {
			all = append(all, Refusal{
				text.Truncate(text.Printable(place.Path().String()), maxRefusedField, "..."),
				text.Truncate(text.Printable(message), MaxLineLength, "..."),
			})
		}
	}
	for i := range unread {
		if u := &unread[i]; u.misplaced && c.wrote(u.place) {
			add(u.place, strings.TrimSpace(strings.TrimPrefix(u.begin, "label ")+u.end))
		}
	}
	annotations := c.templatePlace().With("metadata", "annotations")
	for _, err := range mistakes {
		key, isKey := policy.KeyOf(err)
		if isKey && annotation.IsOurs(key) && !policy.IsUnknown(err) && c.wrote(annotations.With(key)) {
			add(annotations.With(key), err.ErrorBody())
		}
	}
	return all
}

// wrote reports whether the change created or changed the label or annotation at a place.
func (c *Change) wrote(place shape.Place) bool {
	if c.Old == nil {
		return true
	}
	at, key := place[:len(place)-1], place[len(place)-1].(string) //nolint:forcetypeassert // the name of a key
	before, had := c.Old.at(c.Form, at)[key]
	return !had || before != c.Object.at(c.Form, at)[key]
}
