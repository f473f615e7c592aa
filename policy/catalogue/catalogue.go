package catalogue

import (
	_ "embed"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

//go:embed catalogue.json
var builtIn []byte

// Catalogue is everything that is known without being told.
type Catalogue struct {
	// Profiles are the built-in ones. The first whose detection fits a container describes it.
	Profiles []v1alpha1.Profile `json:"profiles"`
	// ClassHints choose the timing class of a container that no profile describes. The first that fits counts.
	ClassHints []ClassHint `json:"classHints"`
	// Sidecars are names of containers that are never the main one and bring or own their probes.
	Sidecars []string `json:"sidecars"`
	// PortNames are the names, up to their first dash, of ports that serve what the container is there for.
	PortNames []string `json:"portNames"`
	// PortNumbers are those that such ports usually have.
	PortNumbers []int32 `json:"portNumbers"`
	// OtherPortNames are names of ports that serve something else, whatever their number.
	OtherPortNames []string `json:"otherPortNames"`
}

// ClassHint says that a container is of a class, and nothing about its handlers.
type ClassHint struct {
	// Class is the timing class.
	Class string `json:"class"`
	// Env are names of literal variables, any of which is enough. A star at the end stands for anything.
	Env []string `json:"env,omitempty"`
	// Images are as in v1alpha1.Detection, any of which is enough.
	Images []string `json:"images,omitempty"`
}

// BuiltIn returns the catalogue of this build, with its defaults set.
func BuiltIn() (*Catalogue, error) {
	c := &Catalogue{}
	strict, err := kjson.UnmarshalStrict(builtIn, c)
	if err := errors.Join(append(strict, err)...); err != nil {
		return nil, fmt.Errorf("the built-in catalogue: %w", err)
	}
	v1alpha1.SetProfileDefaults(c.Profiles)
	return c, nil
}

// Parse reads the catalogue as people write it, strictly. All mistakes come back at once.
func Parse(text []byte) (*Catalogue, error) {
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, fmt.Errorf("not YAML: %w", err)
	}
	c := &Catalogue{}
	strict, err := kjson.UnmarshalStrict(asJSON, c)
	if err := errors.Join(append(strict, err)...); err != nil {
		return nil, err
	}
	v1alpha1.SetProfileDefaults(c.Profiles)
	return c, validate(c).ToAggregate()
}

// validate asks more of the built-in profiles than of an admin's: a summary, a risk and a source each.
func validate(c *Catalogue) field.ErrorList {
	path := field.NewPath("profiles")
	errs := v1alpha1.ValidateProfiles(c.Profiles, int32(v1alpha1.DefaultMaxStartupBudget.Seconds()), path)
	for i := range c.Profiles {
		p, path := &c.Profiles[i], path.Index(i)
		for name, text := range map[string]string{"summary": p.Summary, "risk": p.Risk, "source": p.Source} {
			if text == "" {
				errs = append(errs, field.Required(path.Child(name), "profile "+p.Name+" must say it"))
			}
		}
	}
	for i, hint := range c.ClassHints {
		path := field.NewPath("classHints").Index(i)
		if _, ok := timing.ClassByName(hint.Class); !ok {
			errs = append(errs, field.NotSupported(path.Child("class"), hint.Class, timing.ClassNames()))
		}
		if len(hint.Env)+len(hint.Images) == 0 {
			errs = append(errs, field.Required(path, "env or images"))
		}
	}
	return errs
}

// Names lists the names of the profiles, in the order of the catalogue.
func (c *Catalogue) Names() []string {
	names := make([]string, len(c.Profiles))
	for i := range c.Profiles {
		names[i] = c.Profiles[i].Name
	}
	return names
}
