package audit

import (
	"bytes"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// judgeMissed finds Pods that the API server should have sent to the webhook and that carry no answer: with
// failurePolicy Ignore it goes on without one.
func (a *Auditor) judgeMissed(j *judged) {
	r := a.options.Registration
	created := j.Metadata.CreationTimestamp.Time
	if _, answered := j.Metadata.Annotations[annotation.StatusKey]; answered || r == nil || !created.After(r.since) {
		return
	}
	namespace := a.namespaces[j.Metadata.Namespace]
	if namespace == nil || !created.After(labelled(namespace.Metadata.ManagedFields)) {
		// A label of the namespace may have come later.
		return
	}
	for _, route := range a.options.Policy.Routes(j.view, j.Metadata.Namespace, namespace.Metadata.Labels) {
		byRule := route.Group != ""
		if byRule && (!a.options.RulesKnown || !created.After(a.options.RulesSince)) {
			continue
		}
		if !byRule && annotatedLater(j.Pod) {
			continue
		}
		if r.sends(route, namespace.Metadata.Labels, j.Metadata.Labels) && a.answers(j, route) {
			j.row.missed++
			return
		}
	}
}

// answers reports whether the webhook would have left a status on the Pod.
func (a *Auditor) answers(j *judged, route policy.Route) bool {
	d, _, err := patch.Decide(a.options.Policy, policy.Subject{Pod: j.view, Route: route}, patch.Options{})
	return err == nil && d.Mode != v1alpha1.ModeAudit && d.Status != ""
}

// labelled is when an object's labels were last written, as far as the API server has kept it.
func labelled(fields []metav1.ManagedFieldsEntry) time.Time {
	var last time.Time
	for i := range fields {
		m := &fields[i]
		if m.Time != nil && m.Time.After(last) && m.FieldsV1 != nil && bytes.Contains(m.FieldsV1.GetRawBytes(), []byte(`"f:labels"`)) {
			last = m.Time.Time
		}
	}
	return last
}

// annotatedLater reports whether a key of ours was written onto the Pod after its creation, when no webhook is asked.
func annotatedLater(pod *Pod) bool {
	keys := slices.Collect(maps.Keys(pod.Metadata.Annotations))
	keys = slices.DeleteFunc(keys, func(key string) bool { return !annotation.Asks(key) })
	for i := range pod.Metadata.ManagedFields {
		m := &pod.Metadata.ManagedFields[i]
		if m.Time == nil || !m.Time.After(pod.Metadata.CreationTimestamp.Time) || m.FieldsV1 == nil || m.Subresource != "" {
			continue
		}
		for _, key := range keys {
			if bytes.Contains(m.FieldsV1.GetRawBytes(), []byte(`"f:`+key+`"`)) {
				return true
			}
		}
	}
	return false
}
