package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

// DefaultMaxStartupBudget is the largest startup-budget unless the policy says otherwise.
const DefaultMaxStartupBudget = time.Hour

// Default is the policy of a cluster whose admin wrote none: no rules, everything else at its default.
func Default() *ProbePolicy {
	p := &ProbePolicy{APIVersion: APIVersion, Kind: Kind}
	SetDefaults(p)
	return p
}

// SetDefaults fills what the file leaves out.
func SetDefaults(p *ProbePolicy) {
	spec := &p.Spec
	orElse(&spec.Mode, ModeInject)
	orElse(&spec.Style, timing.StyleStartupProbe)
	orElse(&spec.Confidence.Readiness, ConfidenceMedium)
	orElse(&spec.Confidence.Liveness, ConfidenceHigh)
	if spec.InferredLiveness == nil {
		yes := true
		spec.InferredLiveness = &yes
	}
	if spec.MaxStartupBudget == nil {
		spec.MaxStartupBudget = &metav1.Duration{Duration: DefaultMaxStartupBudget}
	}
	for i := range spec.Rules {
		rule := &spec.Rules[i]
		orElse(&rule.Mode, spec.Mode)
		if rule.Probes == nil {
			rule.Probes = []probe.Kind{probe.Readiness}
		}
	}
	SetProfileDefaults(spec.Profiles)
}

// SetProfileDefaults fills what profiles leave out.
func SetProfileDefaults(profiles []Profile) {
	for i := range profiles {
		profile := &profiles[i]
		orElse(&profile.Class, timing.DefaultClassName)
		for _, p := range []*ProfileProbe{profile.Startup, profile.Liveness, profile.Readiness} {
			if p != nil {
				orElse(&p.Offer, Offered)
			}
		}
	}
}

func orElse[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}
