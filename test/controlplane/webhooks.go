package controlplane

import (
	"context"
	"errors"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// registrationTimeout is how long the API server may take to use a new webhook configuration. It takes milliseconds.
const registrationTimeout = 30 * time.Second

// Register installs a webhook configuration, in place of an earlier one of its name, and returns when the API server
// uses it. To find that out it creates a Pod on dry run, again and again, until arrived says that the webhook has seen
// it; arrived is given what the API server made of the Pod. The API server learns of a configuration as a whole, so
// from then on all of its entries work and none of an earlier one does.
func (c *ControlPlane) Register(
	ctx context.Context,
	configuration *admissionregistrationv1.MutatingWebhookConfiguration,
	marker *corev1.Pod,
	arrived func(created *corev1.Pod) bool,
) error {
	if err := c.PrepareNamespace(ctx, marker.Namespace); err != nil {
		return err
	}
	if err := c.ReplaceWebhooks(ctx, configuration); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, registrationTimeout)
	defer cancel()
	for {
		created, err := c.client.CoreV1().Pods(marker.Namespace).Create(ctx, marker, dryRunAll())
		if err == nil && arrived(created) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("the API server does not use %s: %w", configuration.Name, ctx.Err()), err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// ReplaceWebhooks installs a webhook configuration, in place of an earlier one of its name. The API server uses it a
// moment later; see Register.
func (c *ControlPlane) ReplaceWebhooks(ctx context.Context, configuration *admissionregistrationv1.MutatingWebhookConfiguration) error {
	client := c.client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	err := client.Delete(ctx, configuration.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting the webhook configuration %s: %w", configuration.Name, err)
	}
	if _, err := client.Create(ctx, configuration, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating the webhook configuration %s: %w", configuration.Name, err)
	}
	return nil
}

// dryRunAll sends an object through the whole of admission and does not store it.
func dryRunAll() metav1.CreateOptions {
	return metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
}
