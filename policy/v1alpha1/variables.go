package v1alpha1

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/environment"
)

// Reading is one use that a profile makes of a variable.
type Reading struct {
	Name string
	// Value reports that the value is read, Argument that only this argument in it is.
	Value    bool
	Argument string
	// Purpose is what it is read for, in a few words.
	Purpose string
	path    *field.Path
}

// Readings are all uses that the profile makes of variables.
func (p *Profile) Readings() []Reading { return p.readings(field.NewPath(p.Name)) }

func (p *Profile) readings(path *field.Path) []Reading {
	var all []Reading
	for i := range p.Detect {
		at := path.Child("detect").Index(i)
		for j, env := range p.Detect[i].Env {
			all = append(all, Reading{Name: env.Name, Value: env.Value != "", Purpose: "detection", path: at.Child("env").Index(j).Child("name")})
		}
		for j, name := range p.Detect[i].WithoutEnv {
			all = append(all, Reading{Name: name, Purpose: "detection", path: at.Child("withoutEnv").Index(j)})
		}
	}
	for i := range p.Ports {
		if s := &p.Ports[i]; s.Env != "" {
			all = append(all, Reading{Name: s.Env, Value: true, Purpose: "port", path: path.Child("ports").Index(i).Child("env")})
		}
	}
	for i := range p.Settings {
		all = append(all, p.Settings[i].readings(path.Child("settings").Index(i))...)
	}
	return all
}

// Properties are the arguments that the profile reads and that are system properties of Java, which the JVM's variables may hold
// as well.
func (p *Profile) Properties() []Reading {
	var all []Reading
	for i := range p.Ports {
		all = append(all, Reading{Name: p.Ports[i].Arg, Purpose: "port"})
	}
	for i := range p.Settings {
		s := &p.Settings[i]
		for _, name := range slices.Concat([]string{s.Arg}, s.Unless, s.with()) {
			all = append(all, Reading{Name: name, Purpose: purposes[s.Does]})
		}
	}
	return slices.DeleteFunc(all, func(r Reading) bool { return !environment.IsProperty(r.Name) })
}

// purposes are what settings are read for.
var purposes = map[Effect]string{
	Prefix: "path", Path: "path", TLS: "TLS", Plain: "TLS", Hides: "whether the path is known", Binds: "listen address", Disables: "whether there are endpoints",
}

func (s *Setting) readings(path *field.Path) []Reading {
	var all []Reading
	if s.Env != "" {
		all = append(all, Reading{Name: s.Env, Value: s.ReadsValue(), Argument: s.Arg, Purpose: purposes[s.Does], path: path.Child("env")})
	}
	for i, name := range slices.Concat(s.Unless, s.with()) {
		if name[0] != '-' {
			all = append(all, Reading{Name: name, Purpose: purposes[s.Does], path: path.Child("unless").Index(i)})
		}
	}
	return all
}

func (s *Setting) with() []string {
	if s.With == "" {
		return nil
	}
	return []string{s.With}
}

// validateReadings finds what an admin's profile would read and nobody does: the list of variables that are read at all
// comes from the built-in profiles.
func validateReadings(profiles []Profile, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range profiles {
		for _, each := range profiles[i].readings(path.Index(i)) {
			errs = append(errs, validateVariable(each.path, &each)...)
		}
	}
	return errs
}
