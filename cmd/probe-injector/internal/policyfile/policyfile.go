// Package policyfile finds the ProbePolicy in the files that people have at hand: the policy file itself, the
// ConfigMap that holds it in the cluster, and the values.yaml of the chart that makes the ConfigMap.
//
// Read is the way in, for every command.
package policyfile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// File is a policy that was found, read and checked.
type File struct {
	// Place says where in the file the policy stands, for people; empty when the file is the policy.
	Place string
	// Rules and Profiles are those of the policy itself, with their defaults.
	Rules    []v1alpha1.Rule
	Profiles []v1alpha1.Profile
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
	// InjectedLabel: Pods that get a probe get the label probe-injector.dev/injected=true as well.
	InjectedLabel bool
}

// Routes are those by which the API server sends a Pod, as far as the chart's values let it come.
func (f *File) Routes(pod *workload.Pod, namespace string, labels map[string]string) []policy.Route {
	if slices.Contains(f.Registration.ExcludedNamespaces, namespace) || f.LacksLabel(pod) {
		return nil
	}
	return f.Policy.Routes(pod, namespace, labels)
}

// LacksLabel reports whether a Pod does not come because it has no label that the chart's values ask for.
func (f *File) LacksLabel(pod *workload.Pod) bool {
	_, has := pod.Labels()[policy.InjectLabel]
	return f.Registration.RequireLabel && !has
}

// MistakesError is the error of a policy that was found and is wrong. It holds all mistakes, one a line.
type MistakesError struct{ error }

// Unwrap gives the mistakes.
func (e *MistakesError) Unwrap() error { return e.error }

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
	decoded, prepared, err := policy.Load(found.policy, version)
	if all := append(v1alpha1.Mistakes(found.notation), found.locate(err)...); len(all) > 0 {
		return nil, &MistakesError{errors.Join(unique(all)...)}
	}
	return &File{
		Place:        found.place,
		Rules:        decoded.Spec.Rules,
		Profiles:     decoded.Spec.Profiles,
		Policy:       prepared,
		Registration: found.registration,
	}, nil
}

// unique leaves out what is said a second time.
func unique(errs []error) []error {
	said := map[string]bool{}
	return slices.DeleteFunc(errs, func(err error) bool {
		before := said[err.Error()]
		said[err.Error()] = true
		return before
	})
}

// locate says each mistake with its path in the file that the person has.
func (f *finding) locate(err error) []error {
	mistakes := v1alpha1.Mistakes(err)
	for i, err := range mistakes {
		if mistake, ok := errors.AsType[*field.Error](err); ok {
			moved := *mistake
			if rest, ok := strings.CutPrefix(moved.Field, specField); ok {
				moved.Field = f.root + rest
			}
			err = &moved
		} else if f.root != specField {
			// The decoder's paths are part of its text.
			err = errors.New(decoderPath.ReplaceAllString(err.Error(), "${1}"+f.root+"${2}"))
		}
		mistakes[i] = fmt.Errorf("%s%w", f.prefix(), err)
	}
	return mistakes
}

// decoderPath is the beginning of a path in a message of the decoder.
var decoderPath = regexp.MustCompile(`(^|["\s])` + specField + `([.\[])`)

// prefix is the place as the beginning of a line. The path of values says it by itself.
func (f *finding) prefix() string {
	if f.place == "" || f.root != specField {
		return ""
	}
	return f.place + ": "
}
