package v1alpha1

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/environment"
)

// Setting is an argument or a variable of a container that changes where a profile's probes are answered. Only what is
// written literally is known: what comes from a Secret, a ConfigMap or $(NAME) may be anything.
type Setting struct {
	// Arg is an argument, such as --web.route-prefix, as it is written in command, args or the script of a shell; a star at the
	// end stands for anything, and then only whether there is one is looked at.
	Arg string `json:"arg,omitempty"`
	// Env is a variable; a star at the end stands for anything, and then only whether one is set is looked at. With Arg
	// beside it, the variable holds arguments, and Arg is one of them.
	Env string `json:"env,omitempty"`
	// Values are what it must be to count, whatever the case of its letters; without them being set is enough. An
	// argument without a value is "true".
	Values []string `json:"values,omitempty"`
	// Does is what it does.
	Does Effect `json:"does"`
	// Instead is the beginning of the paths whose place a Prefix takes; without it the prefix stands before the path.
	Instead string `json:"instead,omitempty"`
	// Unless are other arguments and variables, each of which makes this one count for nothing.
	Unless []string `json:"unless,omitempty"`
	// With is another argument or variable, without which this one counts for nothing.
	With string `json:"with,omitempty"`
}

// Effect is what a setting does to the place where probes are answered.
type Effect string

// The effects. Of settings with the same effect (and the same Instead) the first that is set counts; TLS and Plain are
// one effect in this.
const (
	// Prefix puts the path of its value, which may be a URL, before every path. An empty path and / move nothing.
	Prefix Effect = "Prefix"
	// Path makes its value the path.
	Path Effect = "Path"
	// TLS makes the server speak TLS, Plain makes it not.
	TLS   Effect = "TLS"
	Plain Effect = "Plain"
	// Hides makes the path unknown, or closes it to the kubelet, by a password for instance: the port alone is asked.
	Hides Effect = "Hides"
	// Binds makes the server listen on the address in its value, which the kubelet must be able to reach.
	Binds Effect = "Binds"
	// Disables switches the endpoints off, or does not switch them on: the profile does not describe the container.
	Disables Effect = "Disables"
)

// Effects are all effects.
func Effects() []Effect { return []Effect{Prefix, Path, TLS, Plain, Hides, Binds, Disables} }

func validateSettings(p *Profile, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range p.Settings {
		errs = append(errs, p.Settings[i].validate(path.Child("settings").Index(i))...)
	}
	if p.Settled != "" && len(p.Settings) > 0 {
		errs = append(errs, field.Forbidden(path.Child("settled"), "either settings or why there are none"))
	}
	return errs
}

func (s *Setting) validate(path *field.Path) field.ErrorList {
	errs := oneOf(path.Child("does"), s.Does, Effects()...)
	if s.Arg == "" && s.Env == "" {
		errs = append(errs, field.Required(path, "arg or env"))
	}
	if s.Arg != "" {
		errs = append(errs, validateArg(path.Child("arg"), s.Arg)...)
	}
	errs = append(errs, s.validateStars(path)...)
	if len(s.Values) > 0 && slices.Contains([]Effect{Prefix, Path, Binds}, s.Does) {
		errs = append(errs, field.Forbidden(path.Child("values"), "the value itself is what counts"))
	}
	if s.Instead != "" && (s.Does != Prefix || !strings.HasPrefix(s.Instead, "/")) {
		errs = append(errs, field.Invalid(path.Child("instead"), s.Instead, "the beginning of a path, for a Prefix"))
	}
	for i, name := range s.Unless {
		switch {
		case name == "":
			errs = append(errs, field.Required(path.Child("unless").Index(i), "an argument or a variable"))
		case strings.HasPrefix(name, "-"):
			errs = append(errs, validateArg(path.Child("unless").Index(i), name)...)
		}
	}
	return errs
}

// validateStars refuses those where a value would be looked at.
func (s *Setting) validateStars(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if strings.HasSuffix(s.Arg, "*") && (s.Env != "" || len(s.Values) > 0 || !slices.Contains([]Effect{Hides, Disables}, s.Does)) {
		errs = append(errs, field.Invalid(path.Child("arg"), s.Arg, "a star names many arguments, whose values are not looked at"))
	}
	if strings.HasSuffix(s.Env, "*") && s.ReadsValue() {
		errs = append(errs, field.Invalid(path.Child("env"), s.Env, "a star names many variables, whose values are not looked at"))
	}
	return errs
}

// ReadsValue reports whether the value matters, and not only whether it is set.
func (s *Setting) ReadsValue() bool {
	return s.Arg != "" || len(s.Values) > 0 || slices.Contains([]Effect{Prefix, Path, Binds}, s.Does)
}

// AsksAPath reports whether one of the profile's probes asks a path, which a setting could move.
func (p *Profile) AsksAPath() bool {
	return slices.ContainsFunc([]*ProfileProbe{p.Readiness, p.Liveness, p.Startup}, func(each *ProfileProbe) bool {
		return each != nil && strings.Contains(each.Handler, "/") && !strings.HasPrefix(each.Handler, "grpc")
	})
}

// validateVariable accepts the variables that are read at all; a star at the end stands for anything.
func validateVariable(path *field.Path, r *Reading) field.ErrorList {
	known, ok := environment.Find(strings.TrimSuffix(r.Name, "*"))
	switch {
	case !ok:
		return field.ErrorList{field.NotSupported(path, r.Name, environment.Names())}
	case r.Argument != "" && !known.ReadsArgument(r.Argument), r.Argument == "" && r.Value && !known.ReadsWhole():
		return field.ErrorList{field.Invalid(path, r.Name, "the value of this variable is not read, only whether it is set")}
	}
	return nil
}
