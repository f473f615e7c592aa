package v1alpha1

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/version"
)

// Of rules and of detections the first that matches counts. One that can never be the first says something that will never
// happen, and whoever wrote it believes that it does.

// validateShadowedRules finds rules that no Pod reaches: among rules that share a namespaceSelector an earlier one takes
// every Pod that the later one selects.
func validateShadowedRules(rules []Rule, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i := range rules {
		for j := range i {
			if sameSelector(rules[j].NamespaceSelector, rules[i].NamespaceSelector) && selectsAllOf(rules[j].PodSelector, rules[i].PodSelector) {
				errs = append(errs, field.Invalid(path.Index(i).Child("podSelector"), rules[i].Name,
					fmt.Sprintf("rule %s before it takes every Pod that this one selects: move this rule up, or remove it", rules[j].Name)))
				break
			}
		}
	}
	return errs
}

// requirements are those of a selector; ok is false where it cannot be read, which is said elsewhere. An absent one requires
// nothing.
func requirements(s *metav1.LabelSelector) (list labels.Requirements, ok bool) {
	if s == nil {
		return nil, true
	}
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return nil, false
	}
	list, selectable := selector.Requirements()
	return list, selectable
}

func sameSelector(a, b *metav1.LabelSelector) bool { return selectsAllOf(a, b) && selectsAllOf(b, a) }

// selectsAllOf reports whether everything that narrow selects is certainly selected by wide, too.
func selectsAllOf(wide, narrow *metav1.LabelSelector) bool {
	demanded, ok := requirements(wide)
	given, readable := requirements(narrow)
	return ok && readable && !slices.ContainsFunc(demanded, func(want labels.Requirement) bool {
		return !slices.ContainsFunc(given, func(have labels.Requirement) bool { return implies(&have, &want) })
	})
}

// implies reports whether a label that meets one requirement meets the other. Selectors of objects know these operators.
func implies(have, want *labels.Requirement) bool {
	if have.Key() != want.Key() {
		return false
	}
	isIn := have.Operator() == selection.In || have.Operator() == selection.Equals
	switch want.Operator() {
	case selection.Exists:
		return isIn || have.Operator() == selection.Exists
	case selection.In, selection.Equals:
		return isIn && want.Values().IsSuperset(have.Values())
	case selection.NotIn, selection.NotEquals:
		return have.Operator() == selection.DoesNotExist || (isIn && !want.Values().HasAny(have.Values().UnsortedList()...)) ||
			(have.Operator() == selection.NotIn && have.Values().IsSuperset(want.Values()))
	case selection.DoesNotExist:
		return have.Operator() == selection.DoesNotExist
	}
	return false
}

// validateShadowedDetections finds ways of detection that never decide: an earlier one recognises the same containers.
func validateShadowedDetections(profiles []Profile, path *field.Path) field.ErrorList {
	type place struct {
		*Detection
		profile string
		path    *field.Path
	}
	var errs field.ErrorList
	var earlier []place
	for i := range profiles {
		for j := range profiles[i].Detect {
			here := place{&profiles[i].Detect[j], profiles[i].Name, path.Index(i).Child("detect").Index(j)}
			at := slices.IndexFunc(earlier, func(before place) bool {
				// Within a profile the narrower row may stand behind for its port.
				return before.recognisesAllOf(here.Detection) && (before.profile != here.profile || here.recognisesAllOf(before.Detection))
			})
			if at >= 0 {
				errs = append(errs, field.Invalid(here.path, here.profile,
					earlier[at].path.String()+" recognises all of this before it: narrow that one, move this one up, or remove it"))
			}
			// A setting can speak against the whole profile; then a later one has its turn.
			if len(profiles[i].Settings) == 0 {
				earlier = append(earlier, here)
			}
		}
	}
	return errs
}

// recognisesAllOf reports whether every container that narrow recognises is certainly recognised by d, too.
func (d *Detection) recognisesAllOf(narrow *Detection) bool {
	switch {
	// What only a port speaks for counts after everything else.
	case d.PortAlone != narrow.PortAlone,
		// An argument is believed beside a command of the container's own, an image is not.
		len(d.Args) == 0 && len(narrow.Args) > 0,
		len(d.Images) > 0 && (len(narrow.Images) == 0 || !eachIn(narrow.Images, func(name string) bool { return d.namesAllOf(name) })),
		len(d.Publishers) > 0 && (len(narrow.Publishers) == 0 || !eachIn(narrow.Publishers, d.isAbove)),
		len(d.Ports) > 0 && (len(narrow.Ports) == 0 || !eachIn(narrow.Ports, func(port intstr.IntOrString) bool { return slices.Contains(d.Ports, port) })),
		!d.boundsInclude(narrow):
		return false
	}
	return eachIn(d.Args, func(arg string) bool { return slices.Contains(narrow.Args, arg) }) &&
		eachIn(d.WithoutEnv, func(name string) bool { return slices.Contains(narrow.WithoutEnv, name) }) &&
		eachIn(d.Env, func(want EnvVar) bool {
			return slices.ContainsFunc(narrow.Env, func(have EnvVar) bool {
				return have.Name == want.Name && (want.Value == "" || want.Value == have.Value)
			})
		})
}

func eachIn[T any](list []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(list, func(each T) bool { return !holds(each) })
}

// namesAllOf reports whether every image that fits a pattern fits one of the detection's.
func (d *Detection) namesAllOf(pattern string) bool {
	return slices.ContainsFunc(d.Images, func(own string) bool {
		if own == pattern {
			return true
		}
		begin, open := strings.CutSuffix(own, "*")
		return open && !strings.ContainsAny(begin, "*/") && !strings.Contains(pattern, "/") && strings.HasPrefix(pattern, begin)
	})
}

// isAbove reports whether every image below a publisher is below one of the detection's.
func (d *Detection) isAbove(publisher string) bool {
	return slices.ContainsFunc(d.Publishers, func(own string) bool { return strings.HasPrefix(publisher+"/", own+"/") })
}

// boundsInclude reports whether the versions between the detection's bounds include those between the other's.
func (d *Detection) boundsInclude(narrow *Detection) bool {
	bound := func(text string) version.Version {
		v, _ := version.Parse(text)
		return v
	}
	least, most := bound(d.MinVersion), bound(d.MaxVersion)
	inner, outer := bound(narrow.MinVersion), bound(narrow.MaxVersion)
	return (least.IsZero() || (!inner.IsZero() && inner.IsAtLeast(least))) && (most.IsZero() || (!outer.IsZero() && outer.IsAtMost(most)))
}
