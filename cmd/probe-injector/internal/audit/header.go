package audit

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Webhook is the state of the webhook in the cluster.
type Webhook struct {
	// Installed is nil where it is not known.
	Installed *bool `json:"installed"`
	// Name is that of the MutatingWebhookConfiguration.
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
	// Replicas is how many servers there should be and Ready how many there are; nil where it is not known.
	Replicas *int32 `json:"replicas,omitempty"`
	Ready    *int32 `json:"ready,omitempty"`
	// Untrusted is why the API server refuses the certificate of every server; empty where it should not.
	Untrusted string `json:"untrusted,omitempty"`
	// Before and After are other configurations that change new Pods, in the order in which the API server calls them.
	Before []string `json:"calledBefore,omitempty"`
	After  []string `json:"calledAfter,omitempty"`
	// Unknown is why it is not known.
	Unknown string `json:"unknown,omitempty"`
}

// Policy is the one by which was judged.
type Policy struct {
	// Place is where it was found.
	Place    string `json:"place"`
	Rules    int    `json:"rules"`
	Profiles int    `json:"profiles"`
}

// String is the policy for people.
func (p Policy) String() string {
	return fmt.Sprintf("%s: %s, %s", p.Place, counted(p.Rules, "rule"), counted(p.Profiles, "profile"))
}

// Own finds the configuration of ours among all of a cluster; nil when there is none.
func Own(all []admissionregistrationv1.MutatingWebhookConfiguration) *admissionregistrationv1.MutatingWebhookConfiguration {
	for i := range all {
		if slices.ContainsFunc(all[i].Webhooks, func(w admissionregistrationv1.MutatingWebhook) bool { return IsOurs(&w) }) {
			return &all[i]
		}
	}
	return nil
}

// NewWebhook reads the state from all configurations of a cluster and from the server's Deployment, which may be nil.
func NewWebhook(all []admissionregistrationv1.MutatingWebhookConfiguration, server *appsv1.Deployment, now time.Time) Webhook {
	own := Own(all)
	installed := own != nil
	w := Webhook{Installed: &installed}
	if !installed {
		return w
	}
	w.Name = own.Name
	if server != nil {
		replicas := int32(1)
		if server.Spec.Replicas != nil {
			replicas = *server.Spec.Replicas
		}
		w.Replicas, w.Ready, w.Version = &replicas, &server.Status.ReadyReplicas, versionOf(server)
	}
	for i := range own.Webhooks {
		if hook := &own.Webhooks[i]; IsOurs(hook) && w.Untrusted == "" {
			w.Untrusted = untrusted(hook, now)
		}
	}
	// The API server calls them in the order of their names (k8s.io/apiserver/pkg/admission/configuration).
	for i := range all {
		switch other := &all[i]; {
		case other.Name == own.Name || !changesPods(other):
		case cmp.Compare(other.Name, own.Name) < 0:
			w.After = append(w.After, other.Name)
		default:
			w.Before = append(w.Before, other.Name)
		}
	}
	slices.Sort(w.After)
	slices.Sort(w.Before)
	return w
}

// versionOf is the version in the server's labels, as the chart writes it.
func versionOf(server *appsv1.Deployment) string {
	version := server.Labels["app.kubernetes.io/version"]
	if version != "" && version[0] >= '0' && version[0] <= '9' {
		return "v" + version
	}
	return version
}

// untrusted is why no certificate of the server can be trusted, as far as the bundle tells.
func untrusted(w *admissionregistrationv1.MutatingWebhook, now time.Time) string {
	rest := w.ClientConfig.CABundle
	if len(rest) == 0 {
		return w.Name + " has no caBundle"
	}
	for {
		block, more := pem.Decode(rest)
		if block == nil {
			return w.Name + ": every certificate in its caBundle has expired"
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err == nil && now.Before(certificate.NotAfter) {
			return ""
		}
		rest = more
	}
}

// changesPods reports whether a configuration is called for new Pods.
func changesPods(c *admissionregistrationv1.MutatingWebhookConfiguration) bool {
	for i := range c.Webhooks {
		for _, rule := range c.Webhooks[i].Rules {
			if has(rule.APIGroups, "") && (has(rule.Resources, "pods") || has(rule.Resources, "*/*")) &&
				(slices.Contains(rule.Operations, admissionregistrationv1.Create) || slices.Contains(rule.Operations, admissionregistrationv1.OperationAll)) {
				return true
			}
		}
	}
	return false
}

func has(all []string, one string) bool {
	return slices.Contains(all, one) || slices.Contains(all, "*")
}

// String is the state for people.
func (w *Webhook) String() string {
	switch {
	case w.Installed == nil:
		return "unknown: " + w.Unknown
	case !*w.Installed:
		return "not installed"
	}
	said := []string{}
	if w.Ready != nil {
		said = append(said, fmt.Sprintf("%d of %d ready", *w.Ready, *w.Replicas))
	} else {
		said = append(said, "its Deployment was not found")
	}
	if w.Untrusted == "" {
		said = append(said, "trusted")
	} else {
		said = append(said, "not trusted ("+w.Untrusted+")")
	}
	switch {
	case len(w.After) > 0:
		said = append(said, "called after "+listed(w.After))
	case len(w.Before) > 0:
		said = append(said, "called before "+listed(w.Before))
	}
	return strings.TrimSpace(w.Name+" "+w.Version) + ": " + strings.Join(said, ", ")
}

// Works reports whether nothing is known that keeps the webhook from answering.
func (w *Webhook) Works() bool {
	return w.Installed != nil && *w.Installed && w.Untrusted == "" && (w.Ready == nil || *w.Ready > 0)
}

// listed names other configurations by their products where these are known, at most two of them.
func listed(configurations []string) string {
	const most = 2
	var all []string
	for _, name := range configurations {
		for prefix, product := range map[string]string{"istio-": "Istio's", "linkerd-": "Linkerd's", "kyverno-": "Kyverno's"} {
			if strings.HasPrefix(name, prefix) {
				name = product
			}
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, " and ")
}

// PolicyConfigMap names the ConfigMap that the server's Deployment reads its policy from; empty when there is none.
func PolicyConfigMap(server *appsv1.Deployment) string {
	for i := range server.Spec.Template.Spec.Volumes {
		if v := &server.Spec.Template.Spec.Volumes[i]; v.Name == "policy" && v.ConfigMap != nil {
			return v.ConfigMap.Name
		}
	}
	return ""
}

// RulesSince is when the rules of the policy, or the entries of the configuration that stand for them, were last written. The
// server's own writes, of certificates, do not count.
func RulesSince(own *admissionregistrationv1.MutatingWebhookConfiguration, policy *corev1.ConfigMap) time.Time {
	const server = "probe-injector"
	last := own.CreationTimestamp.Time
	for _, fields := range [][]metav1.ManagedFieldsEntry{own.ManagedFields, policy.ManagedFields} {
		for i := range fields {
			if m := &fields[i]; m.Time != nil && m.Manager != server && m.Time.After(last) {
				last = m.Time.Time
			}
		}
	}
	return last
}
