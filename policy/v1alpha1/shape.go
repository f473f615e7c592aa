package v1alpha1

import (
	"fmt"
	"reflect"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// wrongShape says of a value of a wrong type where it stands and what would be right.
func wrongShape(document []byte, err error) error {
	mistake, ok := shape.Find(document, err)
	if !ok {
		return fmt.Errorf("not a %s: %w", Kind, err)
	}
	if len(mistake.Place) == 0 {
		return fmt.Errorf("not a %s: is %s, %s", Kind, mistake.Is(), mistake.Wanted())
	}
	wanted := mistake.Wanted()
	switch mistake.Type {
	case reflect.TypeFor[ExecAction]():
		wanted += " with the program and its arguments one by one: {command: [pg_isready, -q]}"
	case reflect.TypeFor[[]string]():
		wanted += " of texts, such as [pg_isready, -q]"
	}
	return &valueError{fmt.Errorf("not a %s: %s: is %s, %s", Kind, mistake.Place.Path(), mistake.Is(), wanted), mistake.Place}
}
