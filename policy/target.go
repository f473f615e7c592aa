package policy

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// defaultContainerAnnotation names the main container for kubectl logs and exec
// (https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-default-container).
const defaultContainerAnnotation = "kubectl.kubernetes.io/default-container"

// unknownContainer is the origin of an error about a key of a container that is not there, whatever its value.
const unknownContainer = "unknown_container"

func (m *merge) defaultContainer() string {
	return m.pod.Annotations()[defaultContainerAnnotation]
}

// target is the container that a key means.
type target struct {
	*containerAsk
	// guessed reports that other containers could be meant as well: this one is the first of them, which is the one that kubectl
	// takes.
	guessed bool
}

// targetOf finds the container that a key means. When there is none it records why, except for a key whose value
// is unreadable anyway, and gives the containers that could have been meant.
func (m *merge) targetOf(e *annotation.Entry) (target, []*containerAsk) {
	if e.Container != "" {
		return m.named(e)
	}
	if name := m.defaultContainer(); name != "" {
		return m.defaulted(e, name)
	}
	found := m.mainContainer(e.Ask.Handler.Port)
	if found.containerAsk != nil && (!found.guessed || (e.Err == nil && isAboutReadiness(e))) {
		return found, nil
	}
	if e.Err == nil {
		m.ambiguous(e)
	}
	return target{}, m.regular()
}

// isAboutReadiness reports whether a key can be followed for readiness alone.
func isAboutReadiness(e *annotation.Entry) bool {
	switch e.Word {
	case annotation.Inject, annotation.Profile, annotation.UnreadyAfter, annotation.HostHeader:
		return true
	}
	return e.Kind == probe.Readiness
}

// named finds the container of a key with a container's name in front.
func (m *merge) named(e *annotation.Entry) (target, []*containerAsk) {
	if found := m.byName(e.Container); found != nil {
		return target{containerAsk: found}, nil
	}
	if m.pod.Container(e.Container) != nil {
		m.out.refused = append(m.out.refused, because(reason.InitContainer).skip(e.Container, e.Kind))
		return target{}, nil
	}
	if e.Err == nil {
		fact := "no such container: the Pod has " + m.names()
		m.mistake(e, mistake{field.Invalid(keyPath(e.Key), e.Container, fact).WithOrigin(unknownContainer), fact}, m.all)
	}
	return target{}, m.all
}

// defaulted finds the container that kubectl's annotation names. What is wrong with that annotation is said once, and concerns
// every key that depends on it.
func (m *merge) defaulted(e *annotation.Entry, name string) (target, []*containerAsk) {
	if found := m.byName(name); found != nil && !found.native {
		return target{containerAsk: found}, nil
	}
	if e.Err == nil {
		m.suspect(e, m.regular())
		m.wrongDefault(name)
	}
	return target{}, m.regular()
}

// wrongDefault records, once, what is wrong with kubectl's annotation.
func (m *merge) wrongDefault(name string) {
	fact := m.whyNoDefault(name)
	err := field.Invalid(keyPath(defaultContainerAnnotation), name, fact)
	if !slices.ContainsFunc(m.out.mistakes, func(other mistake) bool { return other.Field == err.Field }) {
		m.out.mistakes = append(m.out.mistakes, mistake{err, fact})
	}
}

// whyNoDefault is what is wrong with a container that kubectl's annotation names.
func (m *merge) whyNoDefault(name string) string {
	instead := ": name one of " + namesOf(m.regular())
	switch {
	case m.byName(name) != nil:
		return "a native sidecar is not the main container" + instead
	case m.pod.Container(name) != nil:
		return "an init container is not the main container" + instead
	}
	return "no such container" + instead
}

// mainContainerOfRule finds the container that a rule means, or why there is none. A rule does not guess.
func (m *merge) mainContainerOfRule() (*containerAsk, refusal) {
	if name := m.defaultContainer(); name != "" {
		if found := m.byName(name); found != nil && !found.native {
			return found, refusal{}
		}
		m.wrongDefault(name)
		return nil, because(reason.InvalidAnnotation)
	}
	if found := m.mainContainer(probe.Port{}); !found.guessed {
		return found.containerAsk, refusal{}
	}
	return nil, because(reason.AmbiguousContainers)
}

// mainContainer finds the container that a key without a name means, where kubectl's default-container annotation names none. The
// first row that applies decides:
//
//	#  containers                                                                    | main container
//	1  one regular container                                                         | that one
//	2  one declares the port that the key names                                      | that one
//	3  one is no known sidecar                                                       | that one
//	4  several are none, and the first of them is the only one with a TCP port       | that one
//	5  several are none                                                              | the first, as a guess: for readiness only
//
// A sidecar is known by its name or its image. A candidate without ports never loses a key to a sidecar that has one. None is
// found only where injected sidecars are all that there is.
func (m *merge) mainContainer(port probe.Port) target {
	regular := m.regular()
	if len(regular) == 1 {
		return target{containerAsk: regular[0]}
	}
	if !port.IsZero() {
		if found := only(regular, func(a *containerAsk) bool { return a.container.Declares(port) }); found != nil {
			return target{containerAsk: found}
		}
	}
	candidates := m.candidates()
	if len(candidates) == 0 {
		return target{guessed: true}
	}
	first := candidates[0]
	sure := len(candidates) == 1 || only(candidates, func(a *containerAsk) bool { return a.container.HasTCPPort() }) == first
	return target{containerAsk: first, guessed: !sure}
}

// candidates are the regular containers that the Pod is likely there for.
func (m *merge) candidates() []*containerAsk {
	var found []*containerAsk
	best := placeInjected
	for _, a := range m.regular() {
		switch at := m.policy.placeOf(a.container); {
		case at < best:
			best, found = at, []*containerAsk{a}
		case at == best && at != placeInjected:
			found = append(found, a)
		}
	}
	return found
}

func only(all []*containerAsk, match func(*containerAsk) bool) *containerAsk {
	var found *containerAsk
	for _, a := range all {
		if !match(a) {
			continue
		}
		if found != nil {
			return nil
		}
		found = a
	}
	return found
}

// ambiguous records a key for which several containers could be meant, and which cannot be followed for readiness alone. It
// makes all of them suspect.
func (m *merge) ambiguous(e *annotation.Entry) {
	kind := e.Kind
	if kind == "" && (e.Word == annotation.RestartAfter || e.Word == annotation.StartupBudget) {
		kind = probe.Liveness
	}
	if !slices.ContainsFunc(m.out.refused, func(s Skip) bool { return s.Reason == reason.AmbiguousContainers && s.Kind == kind }) {
		m.out.refused = append(m.out.refused, because(reason.AmbiguousContainers).skip("", kind))
	}
	m.suspect(e, m.regular())
}

func (m *merge) byName(name string) *containerAsk {
	i := slices.IndexFunc(m.all, func(a *containerAsk) bool { return a.ref.Name == name })
	if i < 0 {
		return nil
	}
	return m.all[i]
}

// regular are the containers that are no native sidecars.
func (m *merge) regular() []*containerAsk {
	n := len(m.pod.Spec.Containers)
	return m.all[:n:n]
}

// shownContainers bounds how many names an error lists.
const shownContainers = 8

func (m *merge) names() string { return namesOf(m.all) }

func namesOf(asks []*containerAsk) string {
	var names []string
	for _, a := range asks {
		if len(names) == shownContainers {
			return strings.Join(names, ", ") + ", ..."
		}
		names = append(names, a.ref.Name)
	}
	return strings.Join(names, ", ")
}

// guessFinding tells a person that a container was taken for the main one though others could be, where a probe follows from it.
func (a *containerAsk) guessFinding() Finding {
	return Finding{
		Container: a.ref.Name, Kind: probe.Readiness, Reason: reason.AmbiguousContainers, Severity: lint.Warning,
		Message: "taken as the first that is no known sidecar; put NAME. before the key to choose another",
	}
}
