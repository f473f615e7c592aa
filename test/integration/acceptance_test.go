package integration

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/chart"
)

// accepted sends the chart's objects as an admin would, on dry run: the API server validates them and compiles the match
// conditions.
func (i *installed) accepted(t *testing.T) {
	if err := i.CreateNamespace(t.Context(), "probe-injector", nil); err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"with its own values":  "",
		"with all switched on": `{webhook: {failurePolicy: Fail, requireLabel: true, timeoutSeconds: 10}, excludedNamespaces: [a, b]}`,
		"with many rules": `{policy: {rules: [
			{name: a, probes: [readiness, liveness]},
			{name: b, namespaceSelector: {matchExpressions: [{key: tier, operator: In, values: [web]}]}, probes: [liveness]},
			{name: c, namespaceSelector: {matchLabels: {tier: db}}, statefulSets: true}]}}`,
		"without rules": `{policy: {rules: []}}`,
	}
	for name, values := range cases {
		t.Run(name, func(t *testing.T) {
			rendered, err := chart.Render(chart.Options{Values: values})
			if err != nil {
				t.Fatal(err)
			}
			configuration, err := rendered.WebhookConfiguration()
			if err != nil {
				t.Fatal(err)
			}
			// Beside the one that is installed.
			configuration.Name = "another"
			dryRun := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}
			_, err = i.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Create(t.Context(), configuration, dryRun)
			if err != nil {
				t.Errorf("the webhook configuration: %v", err)
			}
			service, err := rendered.Service()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := i.Client().CoreV1().Services(service.Namespace).Create(t.Context(), service, dryRun); err != nil {
				t.Errorf("the Service: %v", err)
			}
		})
	}
}
