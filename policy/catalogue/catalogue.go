package catalogue

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	// Groups divide the profiles for readers.
	Groups []Group `json:"groups"`
	// Verified are the names of profiles whose software test/e2e runs on a real kubelet, or test/prober/software on its prober.
	Verified []string `json:"verified,omitempty"`
	// ClassHints choose the timing class of a container that no profile describes. The first that fits counts.
	ClassHints []ClassHint `json:"classHints"`
	// Clients are programs that ask a server and are none; a star at an end stands for anything.
	Clients []string `json:"clients,omitempty"`
	// Sidecars are containers that stand beside the one that a Pod is there for.
	Sidecars []Sidecars `json:"sidecars"`
	// PortNames say what a port is there for.
	PortNames PortNames `json:"portNames"`
	// PortNumbers are those that ports which serve usually have.
	PortNumbers []int32 `json:"portNumbers"`
}

// Group is a heading over profiles that stand together.
type Group struct {
	Title string `json:"title"`
	// First is the name of the group's first profile; the group ends where the next one begins.
	First string `json:"first"`
}

// ClassHint says that a container is of a class, and nothing about its handlers.
type ClassHint struct {
	// Class is the timing class.
	Class string `json:"class"`
	// Env are names of literal variables, any of which is enough. A star at the end stands for anything.
	Env []string `json:"env,omitempty"`
	// Args are flags, any of which is enough.
	Args []string `json:"args,omitempty"`
	// Images are as in v1alpha1.Detection, any of which is enough.
	Images []string `json:"images,omitempty"`
}

// SidecarKind divides the sidecars by how sure it is that a Pod is there for something else.
type SidecarKind string

// The kinds of sidecars.
const (
	// Injected sidecars are put into Pods by other webhooks, and bring their probes.
	Injected SidecarKind = "injected"
	// Helper sidecars only ever help another container.
	Helper SidecarKind = "helper"
	// Companion sidecars are also what a Pod is there for, where it has no other container.
	Companion SidecarKind = "companion"
)

// Sidecars are the sidecars of one kind.
type Sidecars struct {
	Kind SidecarKind `json:"kind"`
	// Names are those of containers.
	Names []string `json:"names,omitempty"`
	// Images are as in v1alpha1.Detection, any of which is enough.
	Images []string `json:"images,omitempty"`
}

// PortNames are the words in the names of ports, which are divided by dashes.
type PortNames struct {
	// Serving are ports that serve what the container is there for, the better known first.
	Serving [][]string `json:"serving"`
	// Health are ports on which an application answers about itself.
	Health []string `json:"health"`
	// Admin are ports on which some answer about themselves, and others something else.
	Admin []string `json:"admin"`
	// Other are ports that serve something else, whatever their number.
	Other []string `json:"other"`
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
		for _, text := range [...]struct{ name, value string }{{"summary", p.Summary}, {"risk", p.Risk}, {"source", p.Source}} {
			if text.value == "" {
				errs = append(errs, field.Required(path.Child(text.name), "profile "+p.Name+" must say it"))
			}
		}
	}
	for i := range c.Profiles {
		if p := &c.Profiles[i]; p.AsksAPath() && len(p.Settings) == 0 && p.Settled == "" {
			errs = append(errs, field.Required(path.Index(i).Child("settings"), "profile "+p.Name+" asks a path: what can move it, or settled, why nothing can"))
		}
	}
	errs = append(errs, c.validateGroups(field.NewPath("groups"))...)
	for i, name := range c.Verified {
		if !slices.Contains(c.Names(), name) {
			errs = append(errs, field.NotFound(field.NewPath("verified").Index(i), name))
		}
	}
	for i := range c.Sidecars {
		errs = append(errs, c.Sidecars[i].validate(field.NewPath("sidecars").Index(i))...)
	}
	for i := range c.ClassHints {
		errs = append(errs, c.ClassHints[i].validate(field.NewPath("classHints").Index(i))...)
	}
	return errs
}

// validateGroups makes sure that every profile is in one group, in the order of the profiles.
func (c *Catalogue) validateGroups(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	names, last := c.Names(), -1
	for i, group := range c.Groups {
		at := slices.Index(names, group.First)
		switch {
		case at < 0:
			errs = append(errs, field.NotFound(path.Index(i).Child("first"), group.First))
		case at <= last, i == 0 && at > 0:
			errs = append(errs, field.Invalid(path.Index(i).Child("first"), group.First, "groups begin with the first profile and follow the order of the profiles"))
		}
		last = max(last, at)
	}
	return errs
}

func (s *Sidecars) validate(path *field.Path) field.ErrorList {
	kinds := []SidecarKind{Injected, Helper, Companion}
	if !slices.Contains(kinds, s.Kind) {
		return field.ErrorList{field.NotSupported(path.Child("kind"), s.Kind, kinds)}
	}
	return nil
}

func (h *ClassHint) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if _, ok := timing.ClassByName(h.Class); !ok {
		errs = append(errs, field.NotSupported(path.Child("class"), h.Class, timing.ClassNames()))
	}
	if len(h.Env)+len(h.Args)+len(h.Images) == 0 {
		errs = append(errs, field.Required(path, "env, args or images"))
	}
	for i, image := range h.Images {
		if strings.Contains(image, "*") {
			errs = append(errs, field.Invalid(path.Child("images").Index(i), image, "a hint names images in full"))
		}
	}
	return errs
}

// Grouped gives the profiles of a group.
func (c *Catalogue) Grouped(group int) []v1alpha1.Profile {
	names := c.Names()
	from, to := slices.Index(names, c.Groups[group].First), len(names)
	if group+1 < len(c.Groups) {
		to = slices.Index(names, c.Groups[group+1].First)
	}
	return c.Profiles[from:to]
}

// Names lists the names of the profiles, in the order of the catalogue.
func (c *Catalogue) Names() []string {
	names := make([]string, len(c.Profiles))
	for i := range c.Profiles {
		names[i] = c.Profiles[i].Name
	}
	return names
}
