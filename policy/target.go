package policy

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// defaultContainerAnnotation names the main container for kubectl logs and exec
// (https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-default-container).
const defaultContainerAnnotation = "kubectl.kubernetes.io/default-container"

func (m *merge) defaultContainer() string {
	return m.pod.Annotations()[defaultContainerAnnotation]
}

// targetOf finds the container that a key means. When there is none it records why, except for a key whose value
// is unreadable anyway, and gives the containers that could have been meant.
func (m *merge) targetOf(e *annotation.Entry) (*containerAsk, []*containerAsk) {
	if e.Container != "" {
		return m.named(e)
	}
	if name := m.defaultContainer(); name != "" {
		return m.defaulted(e, name)
	}
	if found := m.mainContainer(e.Ask.Handler.Port); found != nil {
		return found, nil
	}
	if e.Err == nil {
		m.ambiguous(e)
	}
	return nil, m.regular()
}

// named finds the container of a key with a container's name in front.
func (m *merge) named(e *annotation.Entry) (*containerAsk, []*containerAsk) {
	if found := m.byName(e.Container); found != nil {
		return found, nil
	}
	if m.pod.Container(e.Container) != nil {
		m.out.refused = append(m.out.refused, because(reason.InitContainer).skip(e.Container, e.Kind))
		return nil, nil
	}
	if e.Err == nil {
		m.mistake(e, field.Invalid(keyPath(e.Key), e.Container, "no such container: the Pod has "+m.names()), m.all)
	}
	return nil, m.all
}

// defaulted finds the container that kubectl's annotation names.
func (m *merge) defaulted(e *annotation.Entry, name string) (*containerAsk, []*containerAsk) {
	if found := m.byName(name); found != nil && !found.native {
		return found, nil
	}
	if e.Err == nil {
		m.mistake(e, field.Invalid(keyPath(defaultContainerAnnotation), name, "no such container: the Pod has "+m.names()), m.regular())
	}
	return nil, m.regular()
}

// mainContainerOfRule finds the container that a rule means, or why there is none.
func (m *merge) mainContainerOfRule() (*containerAsk, refusal) {
	found := m.byName(m.defaultContainer())
	if found == nil || found.native {
		found = m.mainContainer(probe.Port{})
	}
	if found == nil {
		return nil, because(reason.AmbiguousContainers)
	}
	return found, refusal{}
}

// mainContainer finds the container that a key without a name means: the only one that declares the port which
// the key names; else the only one that is no known sidecar and has a usable port; else the only one that is no
// known sidecar. A container that is alone is nobody's sidecar. Nil means that several could be meant.
func (m *merge) mainContainer(port probe.Port) *containerAsk {
	regular := m.regular()
	if len(regular) == 1 {
		return regular[0]
	}
	if !port.IsZero() {
		if found := only(regular, func(a *containerAsk) bool { return a.container.Declares(port) }); found != nil {
			return found
		}
	}
	candidates := slices.DeleteFunc(slices.Clone(regular), func(a *containerAsk) bool { return m.policy.knownSidecars[a.ref.Name] })
	if found := only(candidates, func(a *containerAsk) bool { return len(a.container.TCPPorts()) > 0 }); found != nil {
		return found
	}
	return only(candidates, func(*containerAsk) bool { return true })
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

// ambiguous records a key for which several containers could be meant. Keys that could have shaped a probe that
// kills make all of them suspect; inject and what is about readiness only go unanswered.
func (m *merge) ambiguous(e *annotation.Entry) {
	if !slices.ContainsFunc(m.out.refused, func(s Skip) bool { return s.Reason == reason.AmbiguousContainers && s.Kind == e.Kind }) {
		m.out.refused = append(m.out.refused, because(reason.AmbiguousContainers).skip("", e.Kind))
	}
	harmless := e.Word == annotation.Inject || e.Word == annotation.UnreadyAfter || e.Kind == probe.Readiness
	for _, a := range m.regular() {
		a.suspect = a.suspect || !harmless
		a.blockedReadiness = a.blockedReadiness || e.Kind == probe.Readiness || e.Word == annotation.UnreadyAfter
		a.blockedHost = a.blockedHost || e.Word == annotation.HostHeader
	}
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

func (m *merge) names() string {
	var names []string
	for _, a := range m.all {
		if len(names) == shownContainers {
			return strings.Join(names, ", ") + ", ..."
		}
		names = append(names, a.ref.Name)
	}
	return strings.Join(names, ", ")
}
