package policy

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/reason"
)

// report puts what the steps have come to into one Decision.
func (p *Policy) report(pod *podFacts, o *outcome, notes bool) Decision {
	d := Decision{
		Mode:       p.mode,
		Asked:      o.asked.optedIn,
		Injections: o.scheduled.injections,
		Skips:      slices.Concat(o.asked.refused, o.admitted.refused, o.scheduled.refused),
	}
	d.setMistakes(append(o.asked.mistakes, o.scheduled.mistakes...))
	if o.asked.rule != nil {
		d.Mode, d.Rule = o.asked.rule.Mode, o.asked.rule.Name
	}
	d.admitMistakes()
	slices.SortStableFunc(d.Injections, func(a, b Injection) int { return compareRefs(a.Container, b.Container) })
	d.Findings = p.findings(pod, o, d.Injections, notes)
	d.Status = p.status(pod, &d)
	if d.Asked {
		d.Unused = o.unusedKeys(pod)
		d.Warnings = d.warn(pod.Labels())
	}
	return d
}

// reportExcluded is the Decision about a Pod that is not touched at all.
func (p *Policy) reportExcluded(e *excluded) Decision {
	d := Decision{Mode: p.mode, Asked: e.optedIn}
	if !e.refuses() {
		return d
	}
	d.Skips = []Skip{e.skip("", "")}
	if d.Asked && !isSilent(e.Reason) {
		d.Warnings = podWarning(e.refusal)
	}
	return d
}

// setMistakes tells of what is wrong in the annotations: all of it, and the first without its value.
func (d *Decision) setMistakes(mistakes []mistake) {
	if len(mistakes) == 0 {
		return
	}
	key, _ := KeyOf(mistakes[0].Error)
	d.Mistake = key + ": " + mistakes[0].fact
	d.Errors = make(field.ErrorList, 0, len(mistakes))
	for _, m := range mistakes {
		d.Errors = append(d.Errors, m.Error)
	}
}

// admitMistakes makes sure that a Pod with a wrong annotation says so, also when nothing seems to be withheld: the
// key could have meant anything.
func (d *Decision) admitMistakes() {
	said := slices.ContainsFunc(d.Skips, func(s Skip) bool { return s.Reason == reason.InvalidAnnotation })
	if len(d.Errors) > 0 && !said {
		d.Skips = append(d.Skips, because(reason.InvalidAnnotation).skip("", ""))
	}
}

func compareRefs(a, b ContainerRef) int {
	switch {
	case a.Init != b.Init && b.Init:
		return -1
	case a.Init != b.Init:
		return 1
	}
	return a.Index - b.Index
}
