package integration

import (
	"context"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// markerTimeout is how long the API server may take to notice a changed webhook configuration. It takes milliseconds.
const markerTimeout = 30 * time.Second

// register installs the chart's webhook configuration with the recorder as the server, in place of any earlier one,
// and returns when the API server uses it.
func register(t *testing.T, plane *controlplane.ControlPlane, values string, to *recorder) {
	t.Helper()
	apply(t, plane, values, to.address, to.authority.PEM())
	waitForMarker(t, plane, to)
}

// apply installs the chart's webhook configuration for a server on a loopback address, in place of any earlier one.
func apply(t *testing.T, plane *controlplane.ControlPlane, values, address string, caBundle []byte) {
	t.Helper()
	rendered, err := chart.Render(chart.Options{Values: values})
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := rendered.WebhookConfigurationAt(address, caBundle)
	if err != nil {
		t.Fatal(err)
	}
	client := plane.Client().AdmissionregistrationV1().MutatingWebhookConfigurations()
	err = client.Delete(t.Context(), configuration.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), configuration, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// waitForMarker creates Pods that every configuration selects until one of them arrives. The API server learns of a
// configuration as a whole, so from then on all entries work, and none of an earlier one.
func waitForMarker(t *testing.T, plane *controlplane.ControlPlane, at *recorder) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), markerTimeout)
	defer cancel()
	marker := pod{
		annotations: map[string]string{"probe-injector.dev/inject": "true"},
		labels:      map[string]string{"probe-injector.dev/inject": "true"},
	}
	for len(at.take(metav1.NamespaceDefault, "marker")) == 0 {
		if err := marker.create(ctx, plane, metav1.NamespaceDefault, "marker"); err != nil {
			t.Fatalf("waiting for the webhook configuration: %v", err)
		}
	}
}
