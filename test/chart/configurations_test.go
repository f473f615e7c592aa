package chart_test

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// as is a client with the token of a ServiceAccount.
func (c *cluster) as(t *testing.T, namespace, account string) kubernetes.Interface {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfigOf(t, namespace, account))
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// configuration is the release's own.
func (c *cluster) configuration(t *testing.T) *admissionregistrationv1.MutatingWebhookConfiguration {
	t.Helper()
	now, err := c.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), configurationName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return now
}

// createForeign creates configurations of others, of both kinds, that match nothing.
func (c *cluster) createForeign(t *testing.T) {
	t.Helper()
	registration := c.Client().AdmissionregistrationV1()
	foreign := foreignConfiguration("foreign")
	if _, err := registration.MutatingWebhookConfigurations().Create(t.Context(), foreign, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	entry := foreign.Webhooks[0]
	validating := &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "foreign"},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: entry.Name, ClientConfig: entry.ClientConfig, SideEffects: entry.SideEffects, AdmissionReviewVersions: entry.AdmissionReviewVersions,
		}},
	}
	if _, err := registration.ValidatingWebhookConfigurations().Create(t.Context(), validating, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func foreignConfiguration(name string) *admissionregistrationv1.MutatingWebhookConfiguration {
	return &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name:                    "foreign.example.com",
			ClientConfig:            admissionregistrationv1.WebhookClientConfig{URL: new("https://192.0.2.1/")},
			SideEffects:             new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}},
	}
}
