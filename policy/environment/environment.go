// Package environment reads the few environment variables of a container that say which software runs in it.
//
// Variables are the largest part of most Pods and may hold secrets, so that all others are dropped before anything is
// made of them: only the names of Known are ever kept, and values only of those whose value matters, or the arguments in
// them that do. Known is what the built-in profiles read (variables.go is made from them). A variable says which timing
// class fits, where software listens and what moves its endpoints. What a variable takes from elsewhere (valueFrom) is not known and counts as set to something else.
package environment

import (
	"bytes"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Variable is one that is read.
type Variable struct {
	// Name is the variable's name; a star at its end stands for anything.
	Name string
	// Value reports that the value is read too, and not only that there is one.
	Value bool
	// Arguments are those that are looked for in the value; the rest of it is dropped. Without them Value means all of it.
	Arguments []string
	// Purpose says what it is read for.
	Purpose string
}

// ReadsWhole reports whether all of the value is read.
func (v *Variable) ReadsWhole() bool { return v.Value && len(v.Arguments) == 0 }

// ReadsArgument reports whether an argument is looked for in the value.
func (v *Variable) ReadsArgument(name string) bool {
	return v.ReadsWhole() || slices.Contains(v.Arguments, name)
}

// keep is what is kept of a value.
func (v *Variable) keep(value string) string {
	if len(v.Arguments) == 0 {
		return value
	}
	var kept []string
	words := strings.Fields(value)
	for i, word := range words {
		name, _, assigned := strings.Cut(word, "=")
		switch {
		case !slices.Contains(v.Arguments, name):
		case !assigned && i+1 < len(words) && !strings.HasPrefix(words[i+1], "-"):
			kept = append(kept, name+"="+words[i+1])
		default:
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}

// Known returns all variables that are read.
func Known() []Variable { return slices.Concat(known[:], patterns[:]) }

// Names lists the names and patterns of the variables that are read.
func Names() []string {
	var names []string
	for _, v := range Known() {
		names = append(names, v.Name)
	}
	return names
}

// Matches reports whether a pattern of Known or of a detection fits a name.
func Matches(pattern, name string) bool {
	if prefix, open := strings.CutSuffix(pattern, "*"); open {
		return strings.HasPrefix(name, prefix)
	}
	return pattern == name
}

// Find says what is read of a variable. Nearly all variables of a Pod are unknown, and this runs for each.
func Find(name string) (Variable, bool) {
	at, found := slices.BinarySearchFunc(known[:], name, func(v Variable, name string) int { return strings.Compare(v.Name, name) })
	if found {
		return known[at], true
	}
	for i := range patterns {
		if Matches(patterns[i].Name, name) {
			return patterns[i], true
		}
	}
	return Variable{}, false
}

// Variables are the known ones of a container. They decode from core/v1 Container's env.
type Variables []setting

type setting struct {
	name, value string
	literal     bool
}

// Value gives the literal value of a variable. The last of several counts, as for the kubelet.
func (v Variables) Value(name string) (string, bool) {
	for _, set := range slices.Backward(v) {
		if set.name == name {
			return set.value, set.literal
		}
	}
	return "", false
}

// Has reports whether a variable that fits the pattern is set, to whatever.
func (v Variables) Has(pattern string) bool {
	for i := range v {
		if Matches(pattern, v[i].name) {
			return true
		}
	}
	return false
}

// UnmarshalJSON keeps the known variables, for decoders that know no UnmarshalJSONFrom.
func (v *Variables) UnmarshalJSON(list []byte) error {
	return v.UnmarshalJSONFrom(jsontext.NewDecoder(bytes.NewBuffer(list), lenient()))
}

// UnmarshalJSONFrom keeps the known variables.
func (v *Variables) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	read, err := Read(d, func(int) error { return nil })
	*v = read
	return err
}

const (
	// firstKept is how many variables a list has room for at first. Then it doubles.
	firstKept = 4
	// decodedBytes is what decoding a variable allocates.
	decodedBytes = 128
)

// Read reads core/v1 Container's env and keeps the known variables. It tells of the bytes that it is about to
// allocate, beside the text of what it keeps, and ends with the error that it is told. What is no list of variables
// has none, and what is no variable is passed over: the API server has the last word on what a Pod may hold.
func Read(d *jsontext.Decoder, allocate func(bytes int) error) (Variables, error) {
	if d.PeekKind() != '[' {
		return nil, d.SkipValue()
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	var kept Variables
	for d.PeekKind() != ']' {
		text, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if !mayBeKnown(text) {
			continue
		}
		if err := allocate(decodedBytes); err != nil {
			return nil, err
		}
		one, known := decode(text)
		if !known {
			continue
		}
		if len(kept) == cap(kept) {
			more := max(firstKept, 2*cap(kept))
			if err := allocate(more * int(reflect.TypeFor[setting]().Size())); err != nil {
				return nil, err
			}
			kept = append(make(Variables, 0, more), kept...)
		}
		kept = append(kept, one)
	}
	_, err := d.ReadToken()
	return kept, err
}

// lenient accepts whatever the API server's own decoder does.
func lenient() json.Options {
	return json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// decode reads an element of the list and reports whether it is a known variable.
func decode(text jsontext.Value) (setting, bool) {
	var decoded struct {
		Name      string  `json:"name"`
		Value     string  `json:"value"`
		ValueFrom present `json:"valueFrom"`
	}
	if json.Unmarshal(text, &decoded, lenient()) != nil {
		return setting{}, false
	}
	variable, ok := Find(decoded.Name)
	if !ok {
		return setting{}, false
	}
	s := setting{name: decoded.Name, literal: variable.Value && !bool(decoded.ValueFrom)}
	if s.literal {
		s.value = variable.keep(decoded.Value)
	}
	return s, true
}

// present is a member of which only its presence matters.
type present bool

// UnmarshalJSONFrom passes over the value.
func (p *present) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*p = d.PeekKind() != 'n'
	return d.SkipValue()
}

// mayBeKnown reports whether an element of the list could be a known variable, by its first bytes as the API server
// writes them. Nearly all are not, and decoding them all would be most of the work of a Pod with many.
func mayBeKnown(element []byte) bool {
	rest, found := bytes.CutPrefix(element, []byte(`{"name":"`))
	if !found {
		return len(element) > 0 && element[0] == '{'
	}
	end := bytes.IndexByte(rest, '"')
	if end < 0 || bytes.IndexByte(rest[:end], '\\') >= 0 {
		return true
	}
	_, isKnown := Find(string(rest[:end]))
	return isKnown
}
