package cluster

import (
	"context"
	"errors"
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Installation is the webhook in the cluster, as far as it may be read.
type Installation struct {
	// Configurations are all that change objects, not only that of the webhook: their order matters.
	Configurations []admissionregistrationv1.MutatingWebhookConfiguration
	// Server is the webhook's Deployment and Policy its ConfigMap; nil where there is none or it may not be read.
	Server *appsv1.Deployment
	Policy *corev1.ConfigMap
	// Denied is what may not be read, in the words of the API server; nil where everything may.
	Denied error
}

// The labels that a chart's objects have in common (https://helm.sh/docs/chart_best_practices/labels/).
const (
	nameLabel     = "app.kubernetes.io/name"
	instanceLabel = "app.kubernetes.io/instance"
	productName   = "probe-injector"
)

// Installation reads it. own finds the webhook's configuration among all, and policy names the ConfigMap of a server. What may
// not be read is no error.
func (c *Cluster) Installation(
	ctx context.Context,
	own func([]admissionregistrationv1.MutatingWebhookConfiguration) *admissionregistrationv1.MutatingWebhookConfiguration,
	policy func(server *appsv1.Deployment) string,
) (*Installation, error) {
	i := &Installation{}
	all, err := c.Clients.Registrations.MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
	if err != nil {
		return i, i.deny(err)
	}
	i.Configurations = all.Items
	configuration := own(all.Items)
	if configuration == nil {
		return i, nil
	}
	namespace := namespaceOf(configuration)
	if namespace == "" {
		return i, nil
	}
	servers, err := c.Clients.Apps.Deployments(namespace).List(ctx, metav1.ListOptions{LabelSelector: selectorFor(configuration)})
	if err != nil {
		return i, i.deny(err)
	}
	for j := range servers.Items {
		name := policy(&servers.Items[j])
		if name == "" {
			continue
		}
		i.Server = &servers.Items[j]
		if i.Policy, err = c.Clients.Core.ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{}); err != nil {
			i.Policy = nil
			return i, i.deny(err)
		}
		break
	}
	return i, nil
}

// deny keeps that something may not be read or is not there; other errors stay errors.
func (i *Installation) deny(err error) error {
	if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		i.Denied = errors.Join(i.Denied, err)
		return nil
	}
	return fmt.Errorf("reading the webhook's installation: %w", err)
}

// namespaceOf is where the server of a configuration is; empty where it is called by a URL.
func namespaceOf(configuration *admissionregistrationv1.MutatingWebhookConfiguration) string {
	for j := range configuration.Webhooks {
		if service := configuration.Webhooks[j].ClientConfig.Service; service != nil {
			return service.Namespace
		}
	}
	return ""
}

// selectorFor selects the objects of the same release.
func selectorFor(configuration *admissionregistrationv1.MutatingWebhookConfiguration) string {
	wanted := labels.Set{nameLabel: productName}
	for _, label := range []string{nameLabel, instanceLabel} {
		if value, has := configuration.Labels[label]; has {
			wanted[label] = value
		}
	}
	return wanted.String()
}

// LastAnswer is the message of the latest event with the reason Unhealthy about a container of a Pod that begins with a word;
// empty where there is none.
func (c *Cluster) LastAnswer(ctx context.Context, namespace, podUID, container, word string) (string, error) {
	events, err := c.Clients.Core.Events(namespace).List(ctx, metav1.ListOptions{
		FieldSelector: "reason=Unhealthy,involvedObject.uid=" + podUID, Limit: pageSize,
	})
	if err != nil {
		return "", fmt.Errorf("reading events of namespace %s: %w", namespace, err)
	}
	return latest(events.Items, container, word), nil
}
