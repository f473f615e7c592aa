package manifest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	kjson "sigs.k8s.io/json"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// maxMistakes bounds how many wrong values of one object are told.
const maxMistakes = 20

// wrongValue is a value that does not fit, at its place in the object.
type wrongValue struct {
	place shape.Place
	err   error
}

// decode reads what stands at a place into a type of the API. Each value of a wrong type is told; it is then left out, to find
// the next one.
func decode(members any, at shape.Place, into any) []wrongValue {
	var errs []wrongValue
	for len(errs) < maxMistakes {
		text, err := json.Marshal(members)
		if err != nil {
			return append(errs, wrongValue{at, err})
		}
		// What a failed attempt left behind would stay.
		reflect.ValueOf(into).Elem().SetZero()
		if err = kjson.UnmarshalCaseSensitivePreserveInts(text, into); err == nil {
			return errs
		}
		mistake, ok := shape.Find(text, err)
		if !ok || len(mistake.Place) == 0 {
			if len(at) > 0 {
				err = fmt.Errorf("%s: %w", at.Path(), err)
			}
			return append(errs, wrongValue{at, err})
		}
		value, _ := mistake.Place.In(members)
		place := at.With(mistake.Place...)
		errs = append(errs, wrongValue{place, fmt.Errorf("%s: is %s, %s", place.Path(), mistake.Is(), wanted(&mistake, value))})
		members = mistake.Place.Without(members)
	}
	return errs
}

// wanted says what is right in the place of a value: the value itself, where only the quotes are wrong.
func wanted(m *shape.Mistake, value any) string {
	name := fmt.Sprint(m.Place[len(m.Place)-1])
	if _, inList := m.Place[len(m.Place)-1].(int); inList {
		name = "-"
	} else {
		name += ":"
	}
	text, isText := value.(string)
	switch value.(type) {
	case bool, int64, float64:
		if m.Type.Kind() == reflect.String {
			return fmt.Sprintf(`must be a text: write %s "%v", with the quotes`, name, value)
		}
	}
	if _, err := strconv.ParseInt(text, 10, 64); err == nil && isText && m.Type.Kind() >= reflect.Int && m.Type.Kind() <= reflect.Int64 {
		return fmt.Sprintf("must be a number: write %s %s, without quotes", name, text)
	}
	if _, err := strconv.ParseBool(text); err == nil && isText && m.Type.Kind() == reflect.Bool {
		return fmt.Sprintf("must be true or false: write %s %s, without quotes", name, text)
	}
	return m.Wanted()
}
