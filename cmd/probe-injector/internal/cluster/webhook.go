package cluster

import (
	"context"
	"fmt"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Webhook is the webhook's configuration, as far as it says which namespaces it is for.
type Webhook struct {
	// Known reports that it could be read; else the rest says nothing.
	Known bool
	// Since is when it was made; zero where there is none.
	Since time.Time
	// Namespaces are the selectors of its entries.
	Namespaces []labels.Selector
}

// Selects reports whether any entry is for a namespace.
func (w *Webhook) Selects(namespace map[string]string) bool {
	for _, selector := range w.Namespaces {
		if selector.Matches(labels.Set(namespace)) {
			return true
		}
	}
	return false
}

// Webhook reads the configurations whose entries have names in a domain. Not everybody may.
func (c *Cluster) Webhook(ctx context.Context, domain string) (*Webhook, error) {
	all, err := c.Clients.Registrations.MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return &Webhook{}, nil
	case err != nil:
		return nil, fmt.Errorf("reading the webhook's configuration: %w", err)
	}
	w := &Webhook{Known: true}
	for i := range all.Items {
		w.add(&all.Items[i], domain)
	}
	return w, nil
}

func (w *Webhook) add(configuration *admissionregistrationv1.MutatingWebhookConfiguration, domain string) {
	for i := range configuration.Webhooks {
		entry := &configuration.Webhooks[i]
		selector, err := metav1.LabelSelectorAsSelector(entry.NamespaceSelector)
		// The API server has checked the selector.
		if err != nil || !strings.HasSuffix(entry.Name, "."+domain) {
			continue
		}
		if at := configuration.CreationTimestamp.Time; w.Since.IsZero() || at.Before(w.Since) {
			w.Since = at
		}
		w.Namespaces = append(w.Namespaces, selector)
	}
}
