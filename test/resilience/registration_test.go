package resilience

import (
	"cmp"
	"context"
	"fmt"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
)

// isRegistered waits until the API server tries to call a webhook that cannot be reached.
func (r *release) isRegistered(t *testing.T) {
	t.Helper()
	before := r.failedOpen(t)
	eventually(t, "the API server calls the webhook", func() error {
		if a := r.attempt(t.Context(), asking()); a.err != nil {
			return a.err
		}
		return above(float64(before), float64(r.failedOpen(t)))
	})
}

// upgrade replaces the webhook configuration by the rendered one, as whoever applies manifests does.
func (r *release) upgrade(t *testing.T) {
	t.Helper()
	rendered, err := r.rendered.WebhookConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	r.change(t, func(present *admissionregistrationv1.MutatingWebhookConfiguration) {
		present.Webhooks = rendered.Webhooks
	})
}

// change changes the entries of the webhook configuration on the API server.
func (r *release) change(t *testing.T, how func(*admissionregistrationv1.MutatingWebhookConfiguration)) {
	t.Helper()
	rendered, err := r.rendered.WebhookConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	client := r.Client().AdmissionregistrationV1().MutatingWebhookConfigurations()
	err = retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		configuration, err := client.Get(t.Context(), rendered.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		how(configuration)
		_, err = client.Update(t.Context(), configuration, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unregister deletes the webhook configurations.
func (r *release) unregister(t *testing.T) {
	t.Helper()
	configuration, err := r.rendered.WebhookConfiguration()
	if err != nil {
		t.Error(err)
		return
	}
	// The context of a test that ends is done.
	ctx, cancel := context.WithTimeout(context.Background(), waitBudget)
	defer cancel()
	client := r.Client().AdmissionregistrationV1()
	err = client.MutatingWebhookConfigurations().Delete(ctx, configuration.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Errorf("deleting the webhook configuration: %v", err)
	}
	// Those of preflights, which are no part of what is tested here. No other release is there at the same time, or it has
	// none.
	err = client.ValidatingWebhookConfigurations().DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Errorf("deleting the configuration of preflights: %v", err)
	}
}

// works waits until a Pod that asks gets its probes.
func (r *release) works(t *testing.T) time.Duration {
	t.Helper()
	return eventually(t, "a Pod gets its probes", func() error {
		if a := r.attempt(t.Context(), asking().in(cmp.Or(r.plan.works, plain))); a.err != nil {
			return a.err
		} else if !a.probed {
			return fmt.Errorf("it got none; the API server says: %v", r.failures())
		}
		return nil
	})
}
