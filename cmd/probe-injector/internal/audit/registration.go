package audit

import (
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
)

// pathPrefix is where our server answers admission reviews; the rest is a route (charts/probe-injector/templates).
const (
	pathPrefix    = "/mutate/"
	pathAnnotated = "annotated"
	pathRules     = "rules/"
)

// Registration is which Pods the API server sends to the webhook, and since when.
type Registration struct {
	since   time.Time
	entries []entry
}

// entry is one webhook of the configuration.
type entry struct {
	route             policy.Route
	namespaces, label labels.Selector
	asksForLabel      bool
}

// IsOurs reports whether a webhook of a configuration is one of this program.
func IsOurs(w *admissionregistrationv1.MutatingWebhook) bool {
	return strings.HasSuffix(w.Name, "."+annotation.Domain) && routeOf(w) != nil
}

// routeOf is the route that a webhook of ours stands for; nil for any other.
func routeOf(w *admissionregistrationv1.MutatingWebhook) *policy.Route {
	path := ""
	switch service := w.ClientConfig.Service; {
	case service != nil && service.Path != nil:
		path = *service.Path
	case w.ClientConfig.URL != nil:
		if _, after, found := strings.Cut(*w.ClientConfig.URL, pathPrefix); found {
			path = pathPrefix + after
		}
	}
	rest, ours := strings.CutPrefix(path, pathPrefix)
	group, isGroup := strings.CutPrefix(rest, pathRules)
	switch {
	case ours && rest == pathAnnotated:
		return &policy.Route{}
	case ours && isGroup && group != "":
		return &policy.Route{Group: group}
	}
	return nil
}

// NewRegistration reads the webhooks of ours in a configuration; nil when there are none.
func NewRegistration(c *admissionregistrationv1.MutatingWebhookConfiguration) *Registration {
	r := &Registration{since: c.CreationTimestamp.Time}
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		if !IsOurs(w) {
			continue
		}
		// The API server has checked the selectors.
		namespaces, errNamespaces := metav1.LabelSelectorAsSelector(orEmpty(w.NamespaceSelector))
		objects, errObjects := metav1.LabelSelectorAsSelector(orEmpty(w.ObjectSelector))
		if errNamespaces != nil || errObjects != nil {
			continue
		}
		r.entries = append(r.entries, entry{*routeOf(w), namespaces, objects, names(objects, policy.InjectLabel)})
	}
	if len(r.entries) == 0 {
		return nil
	}
	return r
}

func orEmpty(s *metav1.LabelSelector) *metav1.LabelSelector {
	if s == nil {
		return &metav1.LabelSelector{}
	}
	return s
}

func names(s labels.Selector, key string) bool {
	requirements, _ := s.Requirements()
	for i := range requirements {
		if requirements[i].Key() == key {
			return true
		}
	}
	return false
}

// Values are what the chart's values say of a configuration that the chart has made: which namespaces are never asked about, and
// whether Pods need a label.
func Values(c *admissionregistrationv1.MutatingWebhookConfiguration) policyfile.Registration {
	var values policyfile.Registration
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		if !IsOurs(w) || *routeOf(w) != (policy.Route{}) {
			continue
		}
		for _, excludes := range orEmpty(w.NamespaceSelector).MatchExpressions {
			if excludes.Key == corev1.LabelMetadataName && excludes.Operator == metav1.LabelSelectorOpNotIn {
				values.ExcludedNamespaces = append(values.ExcludedNamespaces, excludes.Values...)
			}
		}
		for _, asks := range orEmpty(w.ObjectSelector).MatchExpressions {
			values.RequireLabel = values.RequireLabel || (asks.Key == policy.InjectLabel && asks.Operator == metav1.LabelSelectorOpExists)
		}
	}
	return values
}

// sends reports whether the API server sends a new Pod of a namespace on a route.
func (r *Registration) sends(route policy.Route, namespace, pod map[string]string) bool {
	for _, e := range r.entries {
		if e.route == route && e.namespaces.Matches(labels.Set(namespace)) && e.label.Matches(labels.Set(pod)) {
			return true
		}
	}
	return false
}

// ignoresLabel reports whether it is known that nothing reads the label probe-injector.dev/inject of a Pod.
func (r *Registration) ignoresLabel() bool {
	if r == nil {
		return false
	}
	for _, e := range r.entries {
		if e.asksForLabel {
			return false
		}
	}
	return true
}
