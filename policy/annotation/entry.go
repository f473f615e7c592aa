package annotation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/text"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// Entry is one annotation of ours. Either Err is set, or the members that its Word and Field call for.
type Entry struct {
	// Key is the whole annotation key.
	Key string
	// Container is the name before the domain; empty means the main container.
	Container string
	// Word is what the key is about; empty when the key sets one Field of a probe, or is unknown.
	Word Word
	// Kind is the probe that the key is about, for the words of probes and for fields; else empty.
	Kind probe.Kind
	// Field is the field of the probe; empty for words.
	Field probe.Field

	// Switch is the value of inject. When that cannot be read it reports whether "true" was likely meant.
	Switch bool
	// Ask is the value of liveness, readiness and startup.
	Ask Ask
	// Number is the value of a duration in seconds, or of a field.
	Number int32
	// Text is the value of profile and host-header.
	Text string

	// Err is what is wrong with the key or its value and what would be right. Its path is that of the annotation.
	Err *field.Error
	// Fact is the detail of Err without any part of the value, for logs.
	Fact string
}

// UnknownKey is the origin of an error about a key that does not exist, whatever its value.
const UnknownKey = "unknown_key"

// Known reports whether the key is one of ours; an unknown key could have meant anything.
func (e Entry) Known() bool { return e.Word != "" || e.Field != "" }

// Name is the key without domain and container.
func (e Entry) Name() string {
	if e.Field != "" {
		return string(e.Kind) + "." + string(e.Field)
	}
	return string(e.Word)
}

// Ask is what a person wants of one probe.
type Ask struct {
	// None: no such probe, please.
	None bool
	// Handler is what to ask; its Scheme is empty when it must be chosen, and its Port when only the port must be.
	Handler probe.Handler
}

// Choose reports that the handler is left to us.
func (a Ask) Choose() bool { return !a.None && a.Handler.Scheme == "" }

// MaxKeys is how many keys of ours a Pod may carry. With ten words, eighteen fields and a container prefix it is
// enough for dozens of containers; more is a mistake or an attack, and costs a bounded time.
const MaxKeys = 500

// MaxValueLength bounds the length of one value in bytes.
const MaxValueLength = 4096

// Limits are the bounds that a policy sets.
type Limits struct {
	// MaxStartupBudget is the largest startup-budget in seconds.
	MaxStartupBudget int32
}

// Parse reads all keys of ours. Entries come sorted by key; an empty value is an error,
// because the key asks for nothing and yet keeps the Pod from the rules. A Pod with more than
// MaxKeys keys yields one entry with an error for the whole Pod.
func Parse(annotations map[string]string, limits Limits) []Entry {
	var keys []string
	for key := range annotations {
		if Asks(key) {
			keys = append(keys, key)
		}
	}
	if len(keys) > MaxKeys {
		err := field.TooMany(annotationsPath(), len(keys), MaxKeys)
		return []Entry{{Key: Domain, Err: err, Fact: err.Detail}}
	}
	slices.Sort(keys)
	entries := make([]Entry, 0, len(keys))
	for _, key := range keys {
		entries = append(entries, parseEntry(key, annotations[key], limits))
	}
	return entries
}

func annotationsPath() *field.Path { return field.NewPath("metadata", "annotations") }

func parseEntry(key, value string, limits Limits) Entry {
	container, name, _ := split(key)
	e := Entry{Key: key, Container: container}
	if !e.identify(name) {
		e.Err = field.Invalid(e.path(), name, unknownKey(container, name)).WithOrigin(UnknownKey)
		e.Fact = e.Err.Detail
		return e
	}
	if len(value) > MaxValueLength {
		e.Err = field.TooLong(e.path(), "", MaxValueLength)
		e.Fact = e.Err.Detail
		return e
	}
	if value == "" {
		e.Err = field.Invalid(e.path(), value, "is empty: write a value, or remove the key")
		e.Fact = e.Err.Detail
		return e
	}
	if err := e.readValue(value, limits); err != nil {
		e.Err = field.Invalid(e.path(), string(shorten(value)), err.Error())
		e.Fact = factOf(err)
	}
	return e
}

func (e *Entry) path() *field.Path { return annotationsPath().Key(e.Key) }

// identify finds which word or field the name part is, and reports whether it is any.
func (e *Entry) identify(name string) bool {
	switch word := Word(name); word {
	case Liveness, Readiness, Startup:
		e.Word, e.Kind = word, probe.Kind(word)
		return true
	case Inject, Profile, StartupBudget, RestartAfter, UnreadyAfter, HostHeader:
		e.Word = word
		return true
	}
	kind, fieldName, _ := strings.Cut(name, ".")
	kinds, fields := probe.Kinds(), probe.Fields()
	if !slices.Contains(kinds[:], probe.Kind(kind)) || !slices.Contains(fields[:], probe.Field(fieldName)) {
		return false
	}
	e.Kind, e.Field = probe.Kind(kind), probe.Field(fieldName)
	return true
}

func (e *Entry) readValue(value string, limits Limits) (err error) {
	switch e.Word {
	case Inject:
		e.Switch, err = parseSwitch(value)
	case Liveness, Readiness, Startup:
		e.Ask, err = parseAsk(value)
	case Profile:
		e.Text, err = parseProfileName(value)
	case HostHeader:
		e.Text, err = ParseHost(value)
	case StartupBudget, RestartAfter, UnreadyAfter:
		e.Number, err = parseInput(timing.Input(e.Word), value, limits)
	default:
		e.Number, err = parseField(e.Kind, e.Field, value)
	}
	return err
}

const shownValueLength = 32

// echo is a part of a value that stands in the text of a mistake, where people read it and logs must not have it.
type echo string

// shorten keeps an echoed value printable and short.
func shorten(value string) echo {
	printable := text.ASCII(value[:min(len(value), shownValueLength)])
	if len(value) > shownValueLength {
		return echo(printable + "...")
	}
	return echo(printable)
}

// valueError is an error text that says what would be right, with and without the parts of the value.
type valueError struct{ text, fact string }

func (m *valueError) Error() string { return m.text }

// mistake makes the text; parts of the value are of type echo.
func mistake(format string, args ...any) error {
	hidden := slices.Clone(args)
	for i := range hidden {
		if _, isEcho := hidden[i].(echo); isEcho {
			hidden[i] = echo("...")
		}
	}
	return &valueError{fmt.Sprintf(format, args...), fmt.Sprintf(format, hidden...)}
}

// factOf is what a mistake says without the parts of the value.
func factOf(err error) string {
	if m, ok := errors.AsType[*valueError](err); ok {
		return m.fact
	}
	return "cannot be read"
}
