package catalogue

import (
	"maps"
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/policy/environment"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// Variables are those that the profiles and the hints read: those with a name first, sorted, then the patterns, the longest
// first. Package environment reads no others. Addresses and ports are those that tell any server where to listen.
func (c *Catalogue) Variables(addresses, ports []string) []environment.Variable {
	uses := map[string][]v1alpha1.Reading{}
	about := map[string][]string{}
	note := func(r v1alpha1.Reading, what string) {
		uses[r.Name] = append(uses[r.Name], r)
		if !slices.Contains(about[r.Name], what) {
			about[r.Name] = append(about[r.Name], what)
		}
	}
	for i := range c.Profiles {
		for _, reading := range c.Profiles[i].Readings() {
			note(reading, c.Profiles[i].Name+": "+reading.Purpose)
		}
		for _, property := range c.Profiles[i].Properties() {
			for _, name := range environment.JavaOptions {
				note(v1alpha1.Reading{Name: name, Value: true, Argument: property.Name}, c.Profiles[i].Name+": "+property.Purpose)
			}
		}
	}
	for i := range c.ClassHints {
		for _, name := range c.ClassHints[i].Env {
			note(v1alpha1.Reading{Name: name}, "class "+c.ClassHints[i].Class)
		}
	}
	for _, name := range addresses {
		note(v1alpha1.Reading{Name: name, Value: true}, "the address at which a server listens")
	}
	for _, name := range ports {
		note(v1alpha1.Reading{Name: name, Value: true}, "the port on which a server listens")
	}
	var all []environment.Variable
	for _, name := range slices.SortedFunc(maps.Keys(uses), compareVariables) {
		all = append(all, variableOf(name, uses[name], about[name]))
	}
	return all
}

// compareVariables puts names before patterns, and longer patterns before shorter ones.
func compareVariables(a, b string) int {
	aOpen, bOpen := strings.HasSuffix(a, "*"), strings.HasSuffix(b, "*")
	switch {
	case aOpen != bOpen && bOpen:
		return -1
	case aOpen != bOpen:
		return 1
	case aOpen && len(a) != len(b):
		return len(b) - len(a)
	}
	return strings.Compare(a, b)
}

// variableOf is what is kept of a variable: its whole value where some reading needs it, else the arguments that are read.
func variableOf(name string, readings []v1alpha1.Reading, about []string) environment.Variable {
	v := environment.Variable{Name: name, Purpose: strings.Join(about, ", ")}
	whole := false
	for _, r := range readings {
		v.Value = v.Value || r.Value
		whole = whole || (r.Value && r.Argument == "")
		if r.Argument != "" && !slices.Contains(v.Arguments, r.Argument) {
			v.Arguments = append(v.Arguments, r.Argument)
		}
	}
	if whole {
		v.Arguments = nil
	}
	return v
}
