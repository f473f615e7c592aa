// Package policyfile finds the ProbePolicy in the files that people have at hand: the policy file itself, the
// ConfigMap that holds it in the cluster, and the values.yaml of the chart that makes the ConfigMap.
//
// Read is the way in. forms.go tells the three forms apart, helm.go does to values what Helm does before the chart
// sees them, and default.go is the policy that the chart installs when its user says nothing.
package policyfile

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// File is a policy that was found, read and checked.
type File struct {
	// Place says where in the file the policy stands, for people; empty when the file is the policy.
	Place string
	// Rules and Profiles count what the policy holds.
	Rules, Profiles int
	// Policy is ready for decisions.
	Policy *policy.Policy
	// Registration is what a chart's values say about which Pods reach the webhook at all; zero for the other forms.
	Registration Registration
}

// Registration is the part of the chart's values, outside of policy, that keeps Pods away from the webhook.
type Registration struct {
	// ExcludedNamespaces are never touched.
	ExcludedNamespaces []string
	// RequireLabel: only Pods with the label probe-injector.dev/inject, of any value, are looked at.
	RequireLabel bool
}

// Default is the policy that the chart installs unless its values say otherwise.
func Default(version string) (*File, error) {
	return Read([]byte(chartDefault), version)
}

// Read finds the policy in one of the three forms, checks it and prepares it. The error holds all mistakes, one a
// line, each with its path in the file that was given.
func Read(data []byte, version string) (*File, error) {
	found, err := find(data)
	if err != nil {
		return nil, err
	}
	decoded, err := v1alpha1.Decode(found.policy)
	if err != nil {
		return nil, found.locate(err)
	}
	known, err := catalogue.BuiltIn()
	if err != nil {
		return nil, err
	}
	v1alpha1.SetDefaults(decoded)
	if errs := v1alpha1.Validate(decoded, known.Names()); len(errs) > 0 {
		return nil, found.locateAll(errs)
	}
	prepared, err := policy.Parse(found.policy, version)
	if err != nil {
		return nil, found.locate(err)
	}
	return &File{
		Place:        found.place,
		Rules:        len(decoded.Spec.Rules),
		Profiles:     len(decoded.Spec.Profiles),
		Policy:       prepared,
		Registration: found.registration,
	}, nil
}

// locate puts the place in front of mistakes that the decoder found, whose paths are part of their text.
func (f *finding) locate(err error) error {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		if f.root != specField {
			line = strings.ReplaceAll(line, `"`+specField+".", `"`+f.root+".")
		}
		lines[i] = f.prefix() + line
	}
	return errors.New(strings.Join(lines, "\n"))
}

// locateAll says each mistake with its path in the file that the person has.
func (f *finding) locateAll(errs field.ErrorList) error {
	all := make([]error, len(errs))
	for i, mistake := range errs {
		moved := *mistake
		if rest, ok := strings.CutPrefix(moved.Field, specField); ok {
			moved.Field = f.root + rest
		}
		all[i] = fmt.Errorf("%s%w", f.prefix(), &moved)
	}
	return errors.Join(all...)
}

// prefix is the place as the beginning of a line. The path of values says it by itself.
func (f *finding) prefix() string {
	if f.place == "" || f.root != specField {
		return ""
	}
	return f.place + ": "
}
