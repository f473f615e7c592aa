package policy

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// Policy is a policy file that was decoded, defaulted, validated and prepared for decisions. It is immutable,
// safe for concurrent use, and replaced as a whole when the file changes.
type Policy struct {
	version       string
	mode          v1alpha1.Mode
	style         timing.Style
	confidence    v1alpha1.Confidence
	inferLiveness bool
	maxBudget     int32
	profiles      map[string]*profile
	detectors     detect.Detectors
	classHints    []catalogue.ClassHint
	hintedImages  map[string]bool
	imageMirrors  []string
	ports         portKnowledge
	sidecars      sidecars
	groups        []ruleGroup
	generic       timing.Class
	// linter applies all rules, warner those that matter to whoever creates a Pod.
	linter, warner *lint.Linter
}

// ruleGroup is the rules that share a namespaceSelector: one entry of the webhook configuration.
type ruleGroup struct {
	// name is that of the group's first rule.
	name              string
	namespaceSelector labels.Selector
	rules             []rule
}

type rule struct {
	v1alpha1.Rule
	podSelector labels.Selector
}

// Parse decodes a policy file strictly and case-sensitively, and compiles it. All mistakes come back at once, as an
// aggregate.
func Parse(data []byte, version string) (*Policy, error) {
	_, p, err := Load(data, version)
	return p, err
}

// Load is Parse, and gives the file as well.
func Load(data []byte, version string) (*v1alpha1.ProbePolicy, *Policy, error) {
	file, unread := v1alpha1.Decode(data)
	if file == nil {
		return nil, nil, utilerrors.NewAggregate(v1alpha1.Mistakes(unread))
	}
	known, err := catalogue.BuiltIn()
	if err != nil {
		return nil, nil, err
	}
	v1alpha1.SetDefaults(file)
	found := v1alpha1.WithoutConsequences(mistakesIn(file, known), unread)
	if all := append(v1alpha1.Mistakes(unread), v1alpha1.Mistakes(found.ToAggregate())...); len(all) > 0 {
		return nil, nil, utilerrors.NewAggregate(all)
	}
	p, err := compile(file, known, version)
	return file, p, err
}

// Compile sets the defaults of a policy file in place, validates it and prepares it for decisions. All mistakes come
// back at once, as an aggregate of *field.Error. The version is that of this build, for the status annotation.
func Compile(file *v1alpha1.ProbePolicy, version string) (*Policy, error) {
	known, err := catalogue.BuiltIn()
	if err != nil {
		return nil, err
	}
	v1alpha1.SetDefaults(file)
	if errs := mistakesIn(file, known); len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	return compile(file, known, version)
}

// mistakesIn finds all mistakes of a file whose defaults are set. Profiles that are right by themselves are looked at more
// closely.
func mistakesIn(file *v1alpha1.ProbePolicy, known *catalogue.Catalogue) field.ErrorList {
	errs := v1alpha1.Validate(file, known.Profiles)
	path := field.NewPath("spec", "profiles")
	for i := range file.Spec.Profiles {
		path := path.Index(i)
		if !slices.ContainsFunc(errs, func(err *field.Error) bool {
			return strings.HasPrefix(err.Field, path.String()+".") || err.Field == path.String()
		}) {
			errs = append(errs, checkProfile(&file.Spec.Profiles[i], path)...)
		}
	}
	return errs
}

// Default is the policy of a cluster whose admin wrote none: no rules, everything else at its default.
func Default(version string) *Policy {
	known, err := catalogue.BuiltIn()
	if err == nil {
		var p *Policy
		if p, err = DefaultWith(known, version); err == nil {
			return p
		}
	}
	// Unreachable: what is built in was compiled when it was built, and a test does it again.
	panic(err)
}

// DefaultWith is Default with another catalogue than the built-in one.
func DefaultWith(known *catalogue.Catalogue, version string) (*Policy, error) {
	return compile(v1alpha1.Default(), known, version)
}

func compile(file *v1alpha1.ProbePolicy, known *catalogue.Catalogue, version string) (*Policy, error) {
	spec := &file.Spec
	generic, _ := timing.ClassByName(timing.DefaultClassName)
	p := &Policy{
		version:       version,
		mode:          spec.Mode,
		style:         spec.Style,
		confidence:    spec.Confidence,
		inferLiveness: *spec.InferredLiveness,
		maxBudget:     v1alpha1.Seconds(spec.MaxStartupBudget),
		profiles:      map[string]*profile{},
		detectors:     detect.NewDetectors(known.PortNumbers, known.Clients),
		classHints:    known.ClassHints,
		imageMirrors:  spec.ImageMirrors,
		ports:         newPortKnowledge(&known.PortNames, known.PortNumbers),
		sidecars:      newSidecars(known.Sidecars, spec.KnownSidecars),
		generic:       generic, linter: lint.New(lint.Info), warner: lint.New(lint.Warning), hintedImages: hintedImages(known.ClassHints),
	}
	if err := p.addProfiles("spec.profiles", spec.Profiles); err != nil {
		return nil, err
	}
	if err := p.addProfiles("built-in profiles", known.Profiles); err != nil {
		return nil, err
	}
	for i := range spec.Rules {
		if err := p.addRule(spec.Rules[i]); err != nil {
			return nil, fmt.Errorf("spec.rules[%d]: %w", i, err)
		}
	}
	return p, nil
}

// addProfiles prepares profiles. One whose name is taken is left out: an admin's replaces the built-in one.
func (p *Policy) addProfiles(place string, profiles []v1alpha1.Profile) error {
	for i := range profiles {
		if _, taken := p.profiles[profiles[i].Name]; taken {
			continue
		}
		compiled, err := compileProfile(&profiles[i])
		if err != nil {
			return fmt.Errorf("%s[%d] %s: %w", place, i, profiles[i].Name, err)
		}
		p.profiles[compiled.name] = &compiled
		p.detectors.Add(&profiles[i])
	}
	return nil
}

// addRule puts a rule into the group of its namespaceSelector, in file order.
func (p *Policy) addRule(r v1alpha1.Rule) error {
	pods, err := selectorOf(r.PodSelector)
	if err != nil {
		return fmt.Errorf("podSelector: %w", err)
	}
	namespaces, err := selectorOf(r.NamespaceSelector)
	if err != nil {
		return fmt.Errorf("namespaceSelector: %w", err)
	}
	compiled := rule{Rule: r, podSelector: pods}
	for i := range p.groups {
		if p.groups[i].namespaceSelector.String() == namespaces.String() {
			p.groups[i].rules = append(p.groups[i].rules, compiled)
			return nil
		}
	}
	p.groups = append(p.groups, ruleGroup{name: r.Name, namespaceSelector: namespaces, rules: []rule{compiled}})
	return nil
}

// selectorOf reads an absent selector as one that selects everything, as the webhook configuration does.
func selectorOf(s *metav1.LabelSelector) (labels.Selector, error) {
	if s == nil {
		return labels.Everything(), nil
	}
	return metav1.LabelSelectorAsSelector(s)
}

// Version is the version of the build that this policy was prepared by.
func (p *Policy) Version() string { return p.version }

// Groups names the groups of rules in order, each by its first rule.
func (p *Policy) Groups() []string {
	names := make([]string, len(p.groups))
	for i := range p.groups {
		names[i] = p.groups[i].name
	}
	return names
}

// group finds the group that holds the named rule. Any rule's name finds its group: where the webhook configuration
// spells one selector in two ways, it has two entries, and both must reach the rules that share the selector.
func (p *Policy) group(ruleName string) (*ruleGroup, bool) {
	i := slices.IndexFunc(p.groups, func(g ruleGroup) bool {
		return slices.ContainsFunc(g.rules, func(r rule) bool { return r.Name == ruleName })
	})
	if i < 0 {
		return nil, false
	}
	return &p.groups[i], true
}
