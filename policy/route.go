package policy

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// InjectLabel is the label of a namespace that rules select by, and whose value "false" keeps every Pod of the
// namespace away from us at once.
const InjectLabel = annotation.Domain + "/inject"

// maxSearchedAnnotations and maxSearchedContainers are the sizes up to which the webhook configuration looks
// through a Pod's annotations and containers: the cost of that search in the API server grows with the square.
const (
	maxSearchedAnnotations = 500
	maxSearchedContainers  = 100
)

// Route is the path by which a Pod reaches the engine. Which route is chosen by the API server, from the webhook
// configuration; offline, Routes chooses it in the same way.
type Route struct {
	// Group is the name of a group of rules, or empty for Pods that carry annotations of ours.
	Group string
}

// Routes chooses the routes that the API server would send a new Pod to, in order, from the webhook configuration
// that the chart renders for this policy: the namespace's labels, the Pod's annotations, and what is missing. No
// route means that the Pod never reaches us.
func (p *Policy) Routes(pod *workload.Pod, namespace string, namespaceLabels map[string]string) []Route {
	switch {
	case isExcludedNamespace(namespace), namespaceLabels[InjectLabel] == "false", isLeftAlone(pod):
		return nil
	case carriesKey(pod.Annotations()):
		return []Route{{}}
	}
	var routes []Route
	for i := range p.groups {
		g := &p.groups[i]
		if g.namespaceSelector.Matches(labels.Set(namespaceLabels)) && g.missesAny(pod) {
			routes = append(routes, Route{Group: g.name})
		}
	}
	return routes
}

// Asks reports whether the API server sends a Pod to us for its own annotations, in a namespace that is not excluded.
func Asks(pod *workload.Pod) bool { return !isLeftAlone(pod) && carriesKey(pod.Annotations()) }

// isLeftAlone reports whether no entry of the webhook configuration selects a Pod: mirror Pods, and those that say so.
func isLeftAlone(pod *workload.Pod) bool {
	annotations := pod.Annotations()
	_, mirror := annotations[corev1.MirrorPodAnnotationKey]
	return mirror || annotations[annotation.Key("", string(annotation.Inject))] == "false"
}

func isExcludedNamespace(namespace string) bool {
	return namespace == "kube-system" || namespace == "kube-public" || namespace == "kube-node-lease"
}

func carriesKey(annotations map[string]string) bool {
	if len(annotations) > maxSearchedAnnotations {
		_, inject := annotations[annotation.Key("", string(annotation.Inject))]
		_, profile := annotations[annotation.Key("", string(annotation.Profile))]
		return inject || profile
	}
	for key := range annotations {
		if annotation.Asks(key) {
			return true
		}
	}
	return false
}

// missesAny reports whether a container misses a probe that some rule of the group asks for.
func (g *ruleGroup) missesAny(pod *workload.Pod) bool {
	if len(pod.Spec.Containers) > maxSearchedContainers {
		return false
	}
	for i := range pod.Spec.Containers {
		for _, r := range g.rules {
			for _, kind := range r.Probes {
				if pod.Spec.Containers[i].Probe(kind) == nil {
					return true
				}
			}
		}
	}
	return false
}
