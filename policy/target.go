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

func (r *reading) defaultContainer() string {
	return r.pod.annotations()[defaultContainerAnnotation]
}

// annotations is nil-safe.
func (p *Pod) annotations() map[string]string {
	if p.Metadata == nil {
		return nil
	}
	return p.Metadata.Annotations
}

// targetOf finds the container that a key means. When there is none it records why, except for a key whose value
// is unreadable anyway, and gives the containers that could have been meant.
func (r *reading) targetOf(e *annotation.Entry) (*request, []*request) {
	if e.Container != "" {
		return r.named(e)
	}
	if name := r.defaultContainer(); name != "" {
		return r.defaulted(e, name)
	}
	if found := r.mainContainer(e.Ask.Handler.Port); found != nil {
		return found, nil
	}
	if e.Err == nil {
		r.ambiguous(e)
	}
	return nil, r.regular()
}

// named finds the container of a key with a container's name in front.
func (r *reading) named(e *annotation.Entry) (*request, []*request) {
	if found := r.byName(e.Container); found != nil {
		return found, nil
	}
	if r.pod.container(e.Container) != nil {
		r.skips = append(r.skips, Skip{Container: e.Container, Kind: e.Kind, Reason: reason.InitContainer})
		return nil, nil
	}
	if e.Err == nil {
		r.fault(e, field.Invalid(keyPath(e.Key), e.Container, "no such container: the Pod has "+r.names()), r.containers)
	}
	return nil, r.containers
}

// defaulted finds the container that kubectl's annotation names.
func (r *reading) defaulted(e *annotation.Entry, name string) (*request, []*request) {
	if found := r.byName(name); found != nil && !found.native {
		return found, nil
	}
	if e.Err == nil {
		r.fault(e, field.Invalid(keyPath(defaultContainerAnnotation), name, "no such container: the Pod has "+r.names()), r.regular())
	}
	return nil, r.regular()
}

// mainContainer finds the container that a key without a name means: the only one that declares the port which
// the key names; else the only one that is no known sidecar and has a usable port; else the only one that is no
// known sidecar. A container that is alone is nobody's sidecar. Nil means that several could be meant.
func (r *reading) mainContainer(port probe.Port) *request {
	regular := r.regular()
	if len(regular) == 1 {
		return regular[0]
	}
	if !port.IsZero() {
		if found := only(regular, func(q *request) bool { return q.container.declares(port) }); found != nil {
			return found
		}
	}
	candidates := slices.DeleteFunc(slices.Clone(regular), func(q *request) bool { return r.policy.knownSidecars[q.ref.Name] })
	if found := only(candidates, func(q *request) bool { return len(q.container.usablePorts()) > 0 }); found != nil {
		return found
	}
	return only(candidates, func(*request) bool { return true })
}

func only(requests []*request, match func(*request) bool) *request {
	var found *request
	for _, q := range requests {
		if !match(q) {
			continue
		}
		if found != nil {
			return nil
		}
		found = q
	}
	return found
}

// ambiguous records a key for which several containers could be meant. Keys that could have shaped a probe that
// kills cast doubt on all of them; inject and what is about readiness only go unanswered.
func (r *reading) ambiguous(e *annotation.Entry) {
	if !slices.ContainsFunc(r.skips, func(s Skip) bool { return s.Reason == reason.AmbiguousContainers && s.Kind == e.Kind }) {
		r.skips = append(r.skips, Skip{Kind: e.Kind, Reason: reason.AmbiguousContainers})
	}
	harmless := e.Word == annotation.Inject || e.Word == annotation.UnreadyAfter || e.Kind == probe.Readiness
	for _, q := range r.regular() {
		q.doubt = q.doubt || !harmless
		q.blockedReadiness = q.blockedReadiness || e.Kind == probe.Readiness || e.Word == annotation.UnreadyAfter
		q.blockedHost = q.blockedHost || e.Word == annotation.HostHeader
	}
}

func (r *reading) byName(name string) *request {
	i := slices.IndexFunc(r.containers, func(q *request) bool { return q.ref.Name == name })
	if i < 0 {
		return nil
	}
	return r.containers[i]
}

// shownContainers bounds how many names an error lists.
const shownContainers = 8

func (r *reading) names() string {
	var names []string
	for _, q := range r.containers {
		if len(names) == shownContainers {
			return strings.Join(names, ", ") + ", ..."
		}
		names = append(names, q.ref.Name)
	}
	return strings.Join(names, ", ")
}
