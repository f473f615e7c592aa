package explanation

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// Added is a probe that an answer adds to a container.
type Added struct {
	Container string
	// Init says that the container is among the initContainers.
	Init  bool
	Field string
	Value *corev1.Probe
}

// WarningsBeyondExisting are the warnings, without those that a key has no effect because its probe exists already: what an
// annotation asked for may have been written beside it.
func (a *Answer) WarningsBeyondExisting() []string {
	return slices.DeleteFunc(slices.Clone(a.Warnings), func(text string) bool {
		return slices.ContainsFunc(a.unused, func(u policy.UnusedKey) bool {
			return u.Reason == reason.ExistingProbe && strings.HasPrefix(text, u.Container+": "+u.Because)
		})
	})
}

// Added are the probes that the webhook adds, in their order; none in mode Audit.
func (a *Answer) Added() []Added {
	if a.Mode == v1alpha1.ModeAudit {
		return nil
	}
	var all []Added
	for i := range a.Containers {
		c := &a.Containers[i]
		for j := range c.Probes {
			all = append(all, Added{c.Name, c.Init, c.Probes[j].Field, c.Probes[j].Value})
		}
	}
	return all
}
