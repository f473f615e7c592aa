package policy

import (
	"fmt"
	"maps"
	"slices"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// profile is a v1alpha1.Profile prepared for decisions.
type profile struct {
	name       string
	class      timing.Class
	inputs     timing.Inputs // only the person's figures
	hostHeader string
	probes     map[probe.Kind]profileProbe
}

type profileProbe struct {
	offer   v1alpha1.Offer
	handler probe.Handler
	fields  timing.Fields
}

func compileProfile(p *v1alpha1.Profile) (profile, error) {
	class, ok := timing.ClassByName(p.Class)
	if !ok {
		return profile{}, fmt.Errorf("class %q is unknown", p.Class)
	}
	compiled := profile{
		name:  p.Name,
		class: class,
		inputs: timing.Inputs{
			StartupBudget: v1alpha1.Seconds(p.StartupBudget),
			RestartAfter:  v1alpha1.Seconds(p.RestartAfter),
			UnreadyAfter:  v1alpha1.Seconds(p.UnreadyAfter),
		},
		hostHeader: p.HostHeader,
		probes:     map[probe.Kind]profileProbe{},
	}
	for kind, source := range map[probe.Kind]*v1alpha1.ProfileProbe{
		probe.Startup: p.Startup, probe.Liveness: p.Liveness, probe.Readiness: p.Readiness,
	} {
		if source == nil {
			continue
		}
		each := profileProbe{offer: source.Offer, fields: source.TimingFields()}
		switch {
		case source.Exec != nil:
			each.handler = probe.Handler{Scheme: probe.Exec, Command: source.Exec.Command}
		case source.Handler != "":
			handler, err := annotation.ParseHandler(source.Handler)
			if err != nil {
				return profile{}, fmt.Errorf("%s.handler: %w", kind, err)
			}
			each.handler = handler
		}
		compiled.probes[kind] = each
	}
	return compiled, nil
}

// offers gives the profile's probe of a kind to a Pod that asks, or to a rule.
func (p *profile) offers(kind probe.Kind, asked bool) (profileProbe, bool) {
	each, ok := p.probes[kind]
	if !ok || each.offer == v1alpha1.Never || (each.offer == v1alpha1.OnRequest && !asked) {
		return profileProbe{}, false
	}
	return each, true
}

// unknownProfile says which profiles there are.
func (p *Policy) unknownProfile(name string) string {
	if meant, ok := annotation.Nearest(name, p.ProfileNames()); ok {
		return "no such profile: did you mean " + meant + "?"
	}
	if len(p.profiles) == 0 {
		return "no such profile: this policy has none"
	}
	return "no such profile: probe-injector profiles lists them"
}

// ProfileNames lists the profiles that can be named, in alphabetical order.
func (p *Policy) ProfileNames() []string {
	return slices.Sorted(maps.Keys(p.profiles))
}
