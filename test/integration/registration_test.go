package integration

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// register installs the chart's webhook configuration with the recorder as the server, in place of any earlier one,
// and returns when the API server uses it.
func register(t *testing.T, plane *controlplane.ControlPlane, values string, to *recorder) {
	t.Helper()
	configuration := configurationAt(t, values, to.address, to.authority.PEM())
	err := plane.Register(t.Context(), configuration, marker(), func(created *corev1.Pod) bool {
		return len(to.take(created.Namespace, created.Name)) > 0
	})
	if err != nil {
		t.Fatal(err)
	}
}

// configurationAt is the chart's webhook configuration for a server on a loopback address.
func configurationAt(t *testing.T, values, address string, caBundle []byte) *admissionregistrationv1.MutatingWebhookConfiguration {
	t.Helper()
	rendered, err := chart.Render(chart.Options{Values: values})
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := rendered.WebhookConfigurationAt(address, caBundle)
	if err != nil {
		t.Fatal(err)
	}
	return configuration
}

// marker is a Pod that every configuration selects.
func marker() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:   metav1.NamespaceDefault,
			Name:        "marker",
			Annotations: map[string]string{"probe-injector.dev/inject": "true"},
			Labels:      map[string]string{"probe-injector.dev/inject": "true"},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.com/app:1"}}},
	}
}
