package v1alpha1

import (
	"errors"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// valueError is a value that cannot be read as what it has to be. The policy is decoded without it.
type valueError struct {
	error

	place shape.Place
}

// Unwrap gives the mistake.
func (e *valueError) Unwrap() error { return e.error }

// Mistakes takes an error apart that holds several.
func Mistakes(err error) []error {
	switch several := err.(type) { //nolint:errorlint // what wraps one mistake is one
	case nil:
		return nil
	case interface{ Unwrap() []error }:
		return flat(several.Unwrap())
	case interface{ Errors() []error }:
		return flat(several.Errors())
	}
	return []error{err}
}

func flat(errs []error) []error {
	var all []error
	for _, err := range errs {
		all = append(all, Mistakes(err)...)
	}
	return all
}

// WithoutConsequences leaves out what is only found because a value could not be read, which decoding has said.
func WithoutConsequences(found field.ErrorList, decoding error) field.ErrorList {
	var unread []string
	for _, err := range Mistakes(decoding) {
		if about, ok := errors.AsType[*valueError](err); ok {
			unread = append(unread, about.place.Path().String())
		}
	}
	return slices.DeleteFunc(found, func(err *field.Error) bool {
		return slices.ContainsFunc(unread, func(place string) bool {
			// Of a profile of which something was not read, too little is known to say that a rule cannot have it.
			inProfiles := strings.HasPrefix(place, "spec.profiles") && strings.HasPrefix(err.Field, "spec.rules[")
			return inProfiles || isWithin(place, err.Field) || isWithin(err.Field, place)
		})
	})
}

// isWithin reports whether a path is another one, or below it.
func isWithin(path, other string) bool {
	rest, ok := strings.CutPrefix(path, other)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
