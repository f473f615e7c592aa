package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/cmd/internal/version"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// salvage is what is kept of a policy file that is wrong when the process starts, which has no last good one. It must not
// do anything that the file as it was meant would not do:
//
//   - Rules before the first wrong one stay, and it and all after it are left out: the first match decides, so that
//     without a rule the next one would get its Pods.
//   - If anything else is wrong, nothing is injected: it is the default policy in the mode Audit, which tells whoever asks
//     what would be injected. A profile that is left out, for example, would make room for a built-in one.
func salvage(entries map[string]string, name string) *policy.Policy {
	if v1alpha1.CheckEntries(entries) != nil {
		return auditOnly()
	}
	file, err := v1alpha1.Decode([]byte(entries[name]))
	if err != nil {
		return auditOnly()
	}
	p, err := compileWithoutWrongRules(file)
	if err != nil {
		return auditOnly()
	}
	return p
}

// compileWithoutWrongRules compiles a file, with fewer and fewer rules if rules are all that is wrong.
func compileWithoutWrongRules(file *v1alpha1.ProbePolicy) (*policy.Policy, error) {
	for {
		p, err := policy.Compile(file, version.String())
		if err == nil {
			return p, nil
		}
		first, only := firstWrongRule(err)
		if !only || first >= len(file.Spec.Rules) {
			return nil, err
		}
		file.Spec.Rules = file.Spec.Rules[:first]
	}
}

// firstWrongRule finds the first rule that mistakes are about, and reports whether they are about nothing else.
func firstWrongRule(err error) (first int, only bool) {
	all, ok := errors.AsType[utilerrors.Aggregate](err)
	if !ok {
		return 0, false
	}
	var wrong []int
	for _, one := range all.Errors() {
		mistake, ok := errors.AsType[*field.Error](one)
		if !ok {
			return 0, false
		}
		rest, inRules := strings.CutPrefix(mistake.Field, "spec.rules[")
		number, _, _ := strings.Cut(rest, "]")
		index, err := strconv.Atoi(number)
		if !inRules || err != nil {
			return 0, false
		}
		wrong = append(wrong, index)
	}
	return slices.Min(wrong), true
}

// auditOnly is the default policy, which only tells what it would inject.
func auditOnly() *policy.Policy {
	file := v1alpha1.Default()
	file.Spec.Mode = v1alpha1.ModeAudit
	p, err := policy.Compile(file, version.String())
	if err != nil {
		// Unreachable: the default is compiled whenever there is no file.
		panic(err)
	}
	return p
}
