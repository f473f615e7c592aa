package v1alpha1

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// Limits of a policy, so that a decision's time is bounded.
const (
	MaxRules    = 200
	MaxProfiles = 500
)

// Validate finds all mistakes of a policy whose defaults are set. Its rules may name its own profiles and the built-in
// ones.
func Validate(p *ProbePolicy, builtIn []Profile) field.ErrorList {
	spec, path := &p.Spec, field.NewPath("spec")
	var errs field.ErrorList
	errs = append(errs, oneOf(path.Child("mode"), spec.Mode, ModeInject, ModeAudit)...)
	errs = append(errs, oneOf(path.Child("style"), spec.Style, timing.StyleStartupProbe, timing.StyleInitialDelay)...)
	levels := []ConfidenceLevel{ConfidenceLow, ConfidenceMedium, ConfidenceHigh}
	errs = append(errs, oneOf(path.Child("confidence", "readiness"), spec.Confidence.Readiness, levels...)...)
	errs = append(errs, oneOf(path.Child("confidence", "liveness"), spec.Confidence.Liveness, levels...)...)
	errs = append(errs, validateMaxStartupBudget(spec.MaxStartupBudget, path.Child("maxStartupBudget"))...)
	errs = append(errs, validateRules(spec, builtIn, path.Child("rules"))...)
	errs = append(errs, validateReadings(spec.Profiles, path.Child("profiles"))...)
	errs = append(errs, ValidateProfiles(spec.Profiles, Seconds(spec.MaxStartupBudget), path.Child("profiles"))...)
	for i, name := range spec.KnownSidecars {
		errs = append(errs, dnsLabel(path.Child("knownSidecars").Index(i), name)...)
		if slices.Contains(spec.KnownSidecars[:i], name) {
			errs = append(errs, field.Duplicate(path.Child("knownSidecars").Index(i), name))
		}
	}
	return append(errs, validateMirrors(spec, path)...)
}

func validateMaxStartupBudget(d *metav1.Duration, path *field.Path) field.ErrorList {
	bounds := timing.InputBounds(timing.StartupBudget)
	return durationWithin(d, path, bounds.Min, bounds.Max)
}

func validateRules(spec *ProbePolicySpec, builtIn []Profile, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(spec.Rules) > MaxRules {
		errs = append(errs, field.TooMany(path, len(spec.Rules), MaxRules))
	}
	seen := map[string]bool{}
	for i := range spec.Rules {
		rule, path := &spec.Rules[i], path.Index(i)
		errs = append(errs, uniqueName(path.Child("name"), rule.Name, seen)...)
		errs = append(errs, selector(path.Child("namespaceSelector"), rule.NamespaceSelector)...)
		errs = append(errs, selector(path.Child("podSelector"), rule.PodSelector)...)
		if rule.Mode != spec.Mode {
			errs = append(errs, oneOf(path.Child("mode"), rule.Mode, ModeInject, ModeAudit)...)
		}
		errs = append(errs, validateRuleProbes(rule.Probes, path.Child("probes"))...)
		errs = append(errs, validateRuleProfile(rule, slices.Concat(spec.Profiles, builtIn), path)...)
	}
	return append(errs, validateShadowedRules(spec.Rules, path)...)
}

// validateRuleProfile finds a profile that does not exist, and what the rule would never get from it. Of two profiles of a
// name the first counts: an admin's own.
func validateRuleProfile(rule *Rule, profiles []Profile, path *field.Path) field.ErrorList {
	if rule.Profile == "" {
		return nil
	}
	i := slices.IndexFunc(profiles, func(p Profile) bool { return p.Name == rule.Profile })
	if i < 0 {
		return field.ErrorList{field.NotFound(path.Child("profile"), rule.Profile)}
	}
	var errs field.ErrorList
	for j, kind := range rule.Probes {
		if why := profiles[i].WithholdsFromRules(kind); why != "" {
			errs = append(errs, field.Invalid(path.Child("probes").Index(j), kind, fmt.Sprintf("profile %s %s: leave it out, or name another profile", rule.Profile, why)))
		}
	}
	return errs
}

// WithholdsFromRules says why a rule never gets a probe of the profile; empty where it does.
func (p *Profile) WithholdsFromRules(kind probe.Kind) string {
	each := p.Readiness
	if kind == probe.Liveness {
		each = p.Liveness
	}
	switch {
	case each == nil:
		return "has no " + string(kind) + " probe"
	case each.Offer == Never:
		return "never offers " + string(kind)
	case each.Offer == OnRequest:
		return "offers " + string(kind) + " only to Pods that ask (OnRequest)"
	}
	return ""
}

func validateRuleProbes(probes []probe.Kind, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(probes) == 0 {
		errs = append(errs, field.Required(path, "readiness, liveness or both"))
	}
	for i, kind := range probes {
		errs = append(errs, oneOf(path.Index(i), kind, probe.Readiness, probe.Liveness)...)
		if slices.Contains(probes[:i], kind) {
			errs = append(errs, field.Duplicate(path.Index(i), kind))
		}
	}
	return errs
}

// ValidateProfiles finds all mistakes of profiles whose defaults are set; the largest start-up budget is in seconds.
func ValidateProfiles(profiles []Profile, maxStartupBudget int32, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(profiles) > MaxProfiles {
		errs = append(errs, field.TooMany(path, len(profiles), MaxProfiles))
	}
	seen := map[string]bool{}
	for i := range profiles {
		path := path.Index(i)
		errs = append(errs, uniqueName(path.Child("name"), profiles[i].Name, seen)...)
		errs = append(errs, validateProfile(&profiles[i], maxStartupBudget, path)...)
	}
	return append(errs, validateShadowedDetections(profiles, path)...)
}

func validateProfile(p *Profile, maxStartupBudget int32, path *field.Path) field.ErrorList {
	errs := oneOf(path.Child("class"), p.Class, timing.ClassNames()...)
	for i := range p.Detect {
		errs = append(errs, validateDetection(&p.Detect[i], path.Child("detect").Index(i))...)
	}
	for i := range p.Ports {
		errs = append(errs, validatePortSource(&p.Ports[i], path.Child("ports").Index(i))...)
	}
	for i, program := range p.Programs {
		if strings.Trim(program, "*") == "" || strings.ContainsAny(program, "/ ") {
			errs = append(errs, field.Invalid(path.Child("programs").Index(i), program, "the name of a program without its directory"))
		}
	}
	errs = append(errs, validateSettings(p, path)...)
	inputs := []struct {
		input timing.Input
		value *metav1.Duration
		name  string
	}{
		{timing.StartupBudget, p.StartupBudget, "startupBudget"},
		{timing.RestartAfter, p.RestartAfter, "restartAfter"},
		{timing.UnreadyAfter, p.UnreadyAfter, "unreadyAfter"},
	}
	for _, in := range inputs {
		bounds := timing.InputBounds(in.input)
		if in.input == timing.StartupBudget {
			bounds.Max = maxStartupBudget
		}
		errs = append(errs, durationWithin(in.value, path.Child(in.name), bounds.Min, bounds.Max)...)
	}
	if p.HostHeader != "" {
		if _, err := annotation.ParseHost(p.HostHeader); err != nil {
			errs = append(errs, field.Invalid(path.Child("hostHeader"), p.HostHeader, err.Error()))
		}
	}
	errs = append(errs, validateHeaders(p.HTTPHeaders, path.Child("httpHeaders"))...)
	if p.Readiness == nil && p.Liveness == nil && p.Startup == nil {
		errs = append(errs, field.Required(path, "at least one of readiness, liveness and startup"))
	}
	probes := []struct {
		kind  probe.Kind
		value *ProfileProbe
	}{{probe.Readiness, p.Readiness}, {probe.Liveness, p.Liveness}, {probe.Startup, p.Startup}}
	for _, each := range probes {
		if each.value != nil {
			errs = append(errs, validateProfileProbe(each.kind, each.value, path.Child(string(each.kind)))...)
		}
	}
	return errs
}

func validateProfileProbe(kind probe.Kind, p *ProfileProbe, path *field.Path) field.ErrorList {
	errs := oneOf(path.Child("offer"), p.Offer, Offered, OnRequest, Never)
	if p.OwnKey && p.Offer != OnRequest {
		errs = append(errs, field.Forbidden(path.Child("ownKey"), "only an OnRequest probe can wait for its own key"))
	}
	errs = append(errs, validateHandler(p, path)...)
	errs = append(errs, validateHeaders(p.HTTPHeaders, path.Child("httpHeaders"))...)
	if len(p.HTTPHeaders) > 0 && !p.speaksHTTP() {
		errs = append(errs, field.Forbidden(path.Child("httpHeaders"), "only an http or https handler sends headers"))
	}
	for name, value := range p.setFields() {
		bounds, ok := timing.FieldBounds(kind, name)
		switch {
		case !ok:
			errs = append(errs, field.Forbidden(path.Child(string(name)), "a "+string(kind)+" probe has no such field"))
		case value < int64(bounds.Min) || value > int64(bounds.Max):
			errs = append(errs, field.Invalid(path.Child(string(name)), value, between(bounds.Min, bounds.Max, "")))
		}
	}
	slices.SortFunc(errs, func(a, b *field.Error) int {
		switch {
		case a.Field < b.Field:
			return -1
		case a.Field > b.Field:
			return 1
		}
		return 0
	})
	return errs
}

// speaksHTTP reports whether the probe has an http or https handler, as far as it can be read.
func (p *ProfileProbe) speaksHTTP() bool {
	handler, err := annotation.ParseProfileHandler(p.Handler)
	return p.Exec == nil && err == nil && (handler.Scheme == probe.HTTP || handler.Scheme == probe.HTTPS)
}

// setFields gives the timing fields that the probe sets.
func (p *ProfileProbe) setFields() map[probe.Field]int64 {
	set := map[probe.Field]int64{}
	for name, value := range map[probe.Field]*int32{
		probe.InitialDelaySeconds: p.InitialDelaySeconds,
		probe.PeriodSeconds:       p.PeriodSeconds,
		probe.TimeoutSeconds:      p.TimeoutSeconds,
		probe.SuccessThreshold:    p.SuccessThreshold,
		probe.FailureThreshold:    p.FailureThreshold,
	} {
		if value != nil {
			set[name] = int64(*value)
		}
	}
	if p.TerminationGracePeriodSeconds != nil {
		set[probe.TerminationGracePeriodSeconds] = *p.TerminationGracePeriodSeconds
	}
	return set
}

func validateHandler(p *ProfileProbe, path *field.Path) field.ErrorList {
	switch {
	case p.Exec != nil && p.Handler != "":
		return field.ErrorList{field.Forbidden(path.Child("exec"), "a probe has one handler: remove exec or handler")}
	case p.Exec != nil && (len(p.Exec.Command) == 0 || p.Exec.Command[0] == ""):
		return field.ErrorList{field.Required(path.Child("exec", "command"), "the program and its arguments")}
	case p.Exec != nil:
		return validateProgram(p.Exec.Command, path.Child("exec", "command"))
	case p.Handler == "" && p.Offer == Never:
		return nil
	case p.Handler == "":
		return field.ErrorList{field.Required(path.Child("handler"), "a path, http:PORT/PATH, https:PORT/PATH, tcp[:PORT], grpc[:PORT], or exec")}
	}
	if _, err := annotation.ParseProfileHandler(p.Handler); err != nil {
		return field.ErrorList{field.Invalid(path.Child("handler"), p.Handler, err.Error())}
	}
	return nil
}

// validateProgram finds a program and its arguments in one text. Nothing splits it: an exec probe starts no shell. Programs
// of Windows have blanks in their paths.
func validateProgram(command []string, path *field.Path) field.ErrorList {
	program := command[0]
	words := strings.Fields(program)
	if len(words) < 2 || strings.Contains(program, `\`) {
		return nil
	}
	return field.ErrorList{field.Invalid(path.Index(0), program, fmt.Sprintf(
		"the kubelet starts a program of this name, blanks and all: write one argument each, [%s], or [sh, -c, %q] for a shell",
		strings.Join(words, ", "), program))}
}

func selector(path *field.Path, s *metav1.LabelSelector) field.ErrorList {
	return metav1validation.ValidateLabelSelector(s, metav1validation.LabelSelectorValidationOptions{}, path)
}

func uniqueName(path *field.Path, name string, seen map[string]bool) field.ErrorList {
	errs := dnsLabel(path, name)
	if seen[name] {
		errs = append(errs, field.Duplicate(path, name))
	}
	seen[name] = true
	return errs
}

func dnsLabel(path *field.Path, name string) field.ErrorList {
	var errs field.ErrorList
	for _, message := range validation.IsDNS1123Label(name) {
		errs = append(errs, field.Invalid(path, name, message))
	}
	return errs
}

func oneOf[T ~string](path *field.Path, value T, allowed ...T) field.ErrorList {
	if slices.Contains(allowed, value) {
		return nil
	}
	return field.ErrorList{field.NotSupported(path, value, allowed)}
}
