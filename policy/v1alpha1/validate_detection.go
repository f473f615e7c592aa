package v1alpha1

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/version"
)

func validateDetection(d *Detection, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(d.Images) == 0 && len(d.Args) == 0 && len(d.Env) == 0 && !d.PortAlone {
		errs = append(errs, field.Required(path, "images, args or env: a port alone recognises nothing"))
	}
	if d.PortAlone && (len(d.Ports) == 0 || len(d.Images)+len(d.Args)+len(d.Env) > 0) {
		errs = append(errs, field.Invalid(path.Child("portAlone"), true, "needs ports, and nothing else"))
	}
	if len(d.Images) == 0 && (len(d.Publishers) > 0 || d.MinVersion != "" || d.MaxVersion != "") {
		errs = append(errs, field.Required(path.Child("images"), "publishers and versions belong to images"))
	}
	errs = append(errs, validateVersions(d, path)...)
	errs = append(errs, validateImages(d, path)...)
	for i, port := range d.Ports {
		errs = append(errs, validatePort(path.Child("ports").Index(i), port)...)
	}
	for i, arg := range d.Args {
		errs = append(errs, validateArg(path.Child("args").Index(i), arg)...)
	}
	return errs
}

// validateImages accepts names of images and what they can lie below.
func validateImages(d *Detection, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, pattern := range d.Images {
		errs = append(errs, validateImage(path.Child("images").Index(i), pattern)...)
	}
	for i, publisher := range d.Publishers {
		errs = append(errs, validatePublisher(path.Child("publishers").Index(i), publisher)...)
	}
	return errs
}

// validateVersions accepts bounds between which a tag can lie.
func validateVersions(d *Detection, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, bound := range [...]struct{ name, value string }{{"minVersion", d.MinVersion}, {"maxVersion", d.MaxVersion}} {
		if _, err := version.Parse(bound.value); bound.value != "" && err != nil {
			errs = append(errs, field.Invalid(path.Child(bound.name), bound.value, err.Error()))
		}
	}
	if len(errs) > 0 || d.MinVersion == "" || d.MaxVersion == "" {
		return errs
	}
	least, _ := version.Parse(d.MinVersion)
	most, _ := version.Parse(d.MaxVersion)
	if !least.CanBeAtMost(most) {
		errs = append(errs, field.Invalid(path.Child("maxVersion"), d.MaxVersion, "must not be below minVersion, "+d.MinVersion+": no image is within"))
	}
	return errs
}

// validateImage accepts one or two segments with a star at an end of a segment.
func validateImage(path *field.Path, pattern string) field.ErrorList {
	const most = 2
	segments := strings.Split(pattern, "/")
	for _, segment := range segments {
		bare := strings.TrimSuffix(strings.TrimPrefix(segment, "*"), "*")
		if bare == "" || strings.Trim(bare, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" || len(segments) > most {
			return field.ErrorList{field.Invalid(path, pattern, "the last or the last two segments of a repository, such as postgres or ingress-nginx/controller; a star only at an end")}
		}
	}
	return nil
}

func validatePort(path *field.Path, port intstr.IntOrString) field.ErrorList {
	var messages []string
	if port.Type == intstr.Int {
		messages = validation.IsValidPortNum(port.IntValue())
	} else {
		messages = validation.IsValidPortName(port.StrVal)
	}
	return invalid(path, port.String(), messages)
}

func validateArg(path *field.Path, arg string) field.ErrorList {
	if !strings.HasPrefix(arg, "-") || strings.ContainsAny(arg, "= ") {
		return field.ErrorList{field.Invalid(path, arg, "an argument as it is written, without its value, such as --ping")}
	}
	return nil
}

func validatePortSource(s *PortSource, path *field.Path) field.ErrorList {
	ways := 0
	for _, set := range []bool{s.Arg != "", s.Env != "", s.Name != "", s.Number != 0 && s.Env == ""} {
		if set {
			ways++
		}
	}
	if ways != 1 {
		return field.ErrorList{field.Invalid(path, *s, "one of arg, env, name and number")}
	}
	var errs field.ErrorList
	if (s.Value != "") != (s.Env != "" && s.Number != 0) {
		errs = append(errs, field.Invalid(path.Child("value"), s.Value, "env, value and number go together"))
	}
	if s.Undeclared && (s.Number == 0 || s.Env != "") {
		errs = append(errs, field.Forbidden(path.Child("undeclared"), "only a number alone can do without a declared port"))
	}
	switch {
	case s.Arg != "":
		errs = append(errs, validateArg(path.Child("arg"), s.Arg)...)
	case s.Name != "":
		errs = append(errs, validatePort(path.Child("name"), intstr.FromString(s.Name))...)
	}
	if s.Number != 0 {
		errs = append(errs, validatePort(path.Child("number"), intstr.FromInt32(s.Number))...)
	}
	return errs
}

func invalid(path *field.Path, value string, messages []string) field.ErrorList {
	var errs field.ErrorList
	for _, message := range messages {
		errs = append(errs, field.Invalid(path, value, message))
	}
	return errs
}
