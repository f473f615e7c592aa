// Package trial tries probes against running Pods before anything depends on them: [Plan] says which handlers of which Pods are
// asked, and [Judge] what an answer means. It sends nothing itself.
package trial

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// MaxPods is how many Pods of a workload are asked.
const MaxPods = 3

// Subject is a workload whose handlers are tried.
type Subject struct {
	audit.Workload

	// AsIf reports that its Pods do not ask for probes, and are tried as if they said inject: "true".
	AsIf bool `json:"asIf,omitempty"`
	// Nothing is why nothing would be injected; empty where something would.
	Nothing  string    `json:"nothing,omitempty"`
	Handlers []Handler `json:"handlers"`
}

// Handler is one handler of a container, which one or more probes ask.
type Handler struct {
	Container string       `json:"container"`
	Probes    []probe.Kind `json:"probes"`
	Handler   string       `json:"handler"`
	// NotTried is why it is not tried; empty where it is.
	NotTried string `json:"notTried,omitempty"`
	// Tries are the answers of the Pods.
	Tries []Try `json:"tries"`

	// Scheme, Port and Path are what is asked, and Seconds how long an answer may take.
	Scheme  probe.Scheme `json:"-"`
	Port    int32        `json:"-"`
	Path    string       `json:"-"`
	Seconds int32        `json:"-"`
}

// Plan says what is tried with the Pods of one namespace.
func Plan(p *policy.Policy, pods []*audit.Pod, namespace string, labels map[string]string) []Subject {
	all := map[audit.Workload][]*audit.Pod{}
	for _, pod := range pods {
		if pod.Status.Phase == corev1.PodRunning && pod.Metadata.DeletionTimestamp == nil {
			w := audit.WorkloadOf(pod)
			all[w] = append(all[w], pod)
		}
	}
	var subjects []Subject
	for _, w := range slices.SortedFunc(maps.Keys(all), audit.Workload.Compare) {
		running := all[w]
		slices.SortFunc(running, func(a, b *audit.Pod) int { return strings.Compare(a.Metadata.Name, b.Metadata.Name) })
		subjects = append(subjects, plan(p, w, running[:min(MaxPods, len(running))], namespace, labels))
	}
	return subjects
}

// plan decides about the first Pod as if it came anew; the others have the same template.
func plan(p *policy.Policy, w audit.Workload, pods []*audit.Pod, namespace string, labels map[string]string) Subject {
	s := Subject{Workload: w, Handlers: []Handler{}}
	pod := policy.WithoutInjected(pods[0].View())
	routes := p.Routes(pod, namespace, labels)
	inject := annotation.Key("", string(annotation.Inject))
	if _, said := pod.Annotations()[inject]; len(routes) == 0 && !said {
		pod = with(pod, inject, "true")
		routes, s.AsIf = p.Routes(pod, namespace, labels), true
	}
	if len(routes) == 0 {
		s.AsIf, s.Nothing = false, "no webhook is asked for its Pods"
		return s
	}
	for _, route := range routes {
		d := p.Decide(policy.Subject{Pod: pod, Route: route})
		for i := range d.Injections {
			s.add(&d.Injections[i], pods)
		}
	}
	if len(s.Handlers) == 0 {
		s.Nothing = "no probe would be injected: probe-injector explain says why"
	}
	return s
}

// with is a Pod with one more annotation.
func with(pod *workload.Pod, key, value string) *workload.Pod {
	changed, metadata := *pod, workload.ObjectMeta{}
	if pod.Metadata != nil {
		metadata = *pod.Metadata
	}
	metadata.Annotations = maps.Clone(metadata.Annotations)
	if metadata.Annotations == nil {
		metadata.Annotations = map[string]string{}
	}
	metadata.Annotations[key] = value
	changed.Metadata = &metadata
	return &changed
}

// add adds a handler, once for all probes that ask it.
func (s *Subject) add(in *policy.Injection, pods []*audit.Pod) {
	name := in.Handler.String()
	for i := range s.Handlers {
		if h := &s.Handlers[i]; h.Container == in.Container.Name && h.Handler == name {
			h.Probes = append(h.Probes, in.Kind)
			h.Seconds = min(h.Seconds, in.Probe.TimeoutSeconds)
			return
		}
	}
	h := Handler{
		Container: in.Container.Name, Probes: []probe.Kind{in.Kind}, Handler: name, NotTried: notTried(in), Tries: []Try{},
		Scheme: in.Handler.Scheme, Port: in.Handler.Port.Number, Path: in.Handler.Path, Seconds: in.Probe.TimeoutSeconds,
	}
	for _, pod := range pods {
		if h.NotTried == "" && runs(pod, in.Container.Name) {
			h.Tries = append(h.Tries, Try{Pod: pod.Metadata.Name})
		}
	}
	if h.NotTried == "" && len(h.Tries) == 0 {
		h.NotTried = "the container runs in none of its Pods"
	}
	s.Handlers = append(s.Handlers, h)
}

// The ports of MySQL and of its X protocol: the server counts connections that say nothing sensible, and locks the address out
// (https://dev.mysql.com/doc/refman/8.4/en/host-cache.html).
const (
	portMySQL  = 3306
	portMySQLX = 33060
)

// notTried is why a handler is left alone: the API server passes on only a GET, under a Host of its own.
func notTried(in *policy.Injection) string {
	get := in.Probe.HTTPGet
	switch {
	case get == nil:
		return "only http and https can be tried"
	case len(get.HTTPHeaders) > 0:
		return "it sends headers, which the API server would not pass on as they are"
	case get.Port.IntVal == portMySQL || get.Port.IntVal == portMySQLX:
		return "MySQL counts such connections as attacks"
	}
	return ""
}

// runs reports whether a container of a Pod runs.
func runs(pod *audit.Pod, container string) bool {
	for _, statuses := range [...][]audit.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for i := range statuses {
			if statuses[i].Name == container {
				return statuses[i].State.Running != nil
			}
		}
	}
	return false
}
