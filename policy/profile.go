package policy

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// profile is a v1alpha1.Profile prepared for decisions.
type profile struct {
	name       string
	class      timing.Class
	overrides  overrides
	hostHeader string
	headers    []corev1.HTTPHeader
	// risk is what can go wrong, in a sentence.
	risk     string
	detect   []v1alpha1.Detection
	ports    []v1alpha1.PortSource
	settings []v1alpha1.Setting
	probes   map[probe.Kind]profileProbe
}

type profileProbe struct {
	offer   v1alpha1.Offer
	ownKey  bool
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
		overrides: overrides{
			startupBudget: v1alpha1.Seconds(p.StartupBudget),
			restartAfter:  v1alpha1.Seconds(p.RestartAfter),
			unreadyAfter:  v1alpha1.Seconds(p.UnreadyAfter),
		},
		hostHeader: p.HostHeader,
		headers:    p.HTTPHeaders,
		risk:       p.Risk,
		detect:     p.Detect,
		ports:      p.Ports,
		settings:   p.Settings,
		probes:     map[probe.Kind]profileProbe{},
	}
	for kind, source := range map[probe.Kind]*v1alpha1.ProfileProbe{
		probe.Startup: p.Startup, probe.Liveness: p.Liveness, probe.Readiness: p.Readiness,
	} {
		if source == nil {
			continue
		}
		each := profileProbe{offer: source.Offer, ownKey: source.OwnKey, fields: source.TimingFields()}
		switch {
		case source.Exec != nil:
			each.handler = probe.Handler{Scheme: probe.Exec, Command: source.Exec.Command}
		case source.Handler != "":
			handler, err := annotation.ParseProfileHandler(source.Handler)
			if err != nil {
				return profile{}, fmt.Errorf("%s.handler: %w", kind, err)
			}
			each.handler = handler
			each.handler.Headers = source.HTTPHeaders
		}
		compiled.probes[kind] = each
	}
	return compiled, nil
}

// clashes are figures of the profile that contradict each other.
func (p *profile) clashes(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	_, clashes := timing.Derive(p.timingInputs())
	for _, clash := range clashes {
		place := path.Child(string(clash.Kind), string(clash.Field))
		if clash.Field == "" {
			place = path.Child(inputField[clash.Input])
		}
		errs = append(errs, field.Invalid(place, p.name, clash.Fact))
	}
	return errs
}

// inputField is how a profile spells an input.
var inputField = map[timing.Input]string{
	timing.StartupBudget: "startupBudget", timing.RestartAfter: "restartAfter", timing.UnreadyAfter: "unreadyAfter",
}

// timingInputs are those of a Pod that gets all that the profile has.
func (p *profile) timingInputs() timing.Inputs {
	in := timing.Inputs{Class: p.class, Style: timing.StyleStartupProbe}
	p.overrides.apply(&in)
	live, hasLiveness := p.probes[probe.Liveness]
	start, hasStartup := p.probes[probe.Startup]
	ready, hasReadiness := p.probes[probe.Readiness]
	if !hasStartup {
		start.handler = live.handler
	}
	in.SameCheck = !hasStartup
	in.Startup = timing.Plan{Inject: hasStartup || hasLiveness, Exec: start.handler.Scheme == probe.Exec, Fields: start.fields}
	in.Liveness = timing.Plan{Inject: hasLiveness, Exec: live.handler.Scheme == probe.Exec, Fields: live.fields}
	in.Readiness = timing.Plan{Inject: hasReadiness, Exec: ready.handler.Scheme == probe.Exec, Fields: ready.fields}
	return in
}

// offers gives the profile's probe of a kind to a rule, or to a Pod that asks, by the probe's own key or without it.
func (p *profile) offers(kind probe.Kind, asked, byOwnKey bool) (profileProbe, bool) {
	each, ok := p.probes[kind]
	switch {
	case !ok, each.offer == v1alpha1.Never, each.offer == v1alpha1.OnRequest && !asked, each.ownKey && !byOwnKey:
		return profileProbe{}, false
	}
	return each, true
}

// refuses says why the profile gives a Pod that asks, or a rule, no probe of a kind.
func (p *profile) refuses(kind probe.Kind, asked bool) reason.Reason {
	if each := p.probes[kind]; asked && each.ownKey {
		return reason.OwnKeyOnly
	}
	return reason.NotOffered
}

// unknownProfile says which profiles there are.
func (p *Policy) unknownProfile(name string) string {
	if meant, ok := annotation.Nearest(name, p.ProfileNames()); ok {
		return "no such profile: did you mean " + meant + "?"
	}
	return "no such profile: probe-injector profiles lists them"
}

// ProfileNames lists the profiles that can be named, in alphabetical order.
func (p *Policy) ProfileNames() []string {
	return slices.Sorted(maps.Keys(p.profiles))
}
