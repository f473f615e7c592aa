// Package exit gives every verb the same exit codes. A verb returns an error, joined of several if need be, and [Of] finds the
// code of the worst.
package exit

import "errors"

// Code is an exit code. A higher one goes before a lower one.
type Code int

// The exit codes of all verbs, whatever the format of their report.
const (
	// Fine: nothing is wrong.
	Fine Code = iota
	// Found: findings at or above --fail-on, differences, or a wrong annotation.
	Found
	// Unusable: wrong usage, input that cannot be read, or nothing to look at. Errors that say nothing else have this code.
	Unusable
	// Incomplete: a cluster could not be reached, or not all of it could be read.
	Incomplete
)

// Meanings says for people what each code means, in their order.
func Meanings() []string {
	return []string{
		Fine:       "fine",
		Found:      "findings at or above --fail-on, differences, or a wrong annotation",
		Unusable:   "wrong usage, input that cannot be read, or nothing to look at",
		Incomplete: "incomplete: the cluster could not be reached, or not all of it could be read",
	}
}

// ErrFound ends a verb whose report tells what was found. It is not printed.
var ErrFound error = silent{}

type silent struct{}

func (silent) Error() string { return "something was found" }

// coded is an error with a code of its own.
type coded struct {
	error
	code Code
}

func (c coded) Unwrap() error { return c.error }

// With gives an error a code; nil stays nil.
func With(code Code, err error) error {
	if err == nil {
		return nil
	}
	return coded{err, code}
}

// Of is the code of the worst error in a tree of errors.
func Of(err error) Code {
	switch err := err.(type) { //nolint:errorlint // it walks the tree itself
	case nil:
		return Fine
	case silent:
		return Found
	case coded:
		return err.code
	case interface{ Unwrap() []error }:
		worst := Fine
		for _, each := range err.Unwrap() {
			worst = max(worst, Of(each))
		}
		return worst
	}
	if below := errors.Unwrap(err); below != nil {
		return Of(below)
	}
	return Unusable
}

// Messages are the errors that a person has to read, one for each member of joined errors.
func Messages(err error) []string {
	switch err := err.(type) { //nolint:errorlint // it walks the tree itself
	case nil, silent:
		return nil
	case coded:
		return Messages(err.error)
	}
	members, joined := err.(interface{ Unwrap() []error })
	if !joined || !isPlain(err, members.Unwrap()) {
		return []string{err.Error()}
	}
	var all []string
	for _, each := range members.Unwrap() {
		all = append(all, Messages(each)...)
	}
	return all
}

// isPlain reports whether an error says no more than its members, as errors.Join makes it.
func isPlain(err error, members []error) bool { return err.Error() == errors.Join(members...).Error() }
