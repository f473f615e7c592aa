package chart_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/checkout"
)

// readExample reads an example of the repository.
func readExample(t *testing.T, into any, path ...string) {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(append([]string{root, "examples"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		t.Fatal(err)
	}
}

// ignored is an object of which something is ignored, as the examples name it.
type ignored struct{ kind, name string }

func TestTheExampleForArgoCDInstallsThisChart(t *testing.T) {
	var application struct {
		Spec struct {
			Source struct {
				Path           string `json:"path"`
				TargetRevision string `json:"targetRevision"`
				Helm           struct {
					ValuesObject any `json:"valuesObject"`
				} `json:"helm"`
			} `json:"source"`
			Destination struct {
				Namespace string `json:"namespace"`
			} `json:"destination"`
			IgnoreDifferences []struct {
				Kind string `json:"kind"`
				Name string `json:"name"`
			} `json:"ignoreDifferences"`
		} `json:"spec"`
	}
	readExample(t, &application, "argo-cd", "application.yaml")
	version, err := checkout.Version()
	if err != nil {
		t.Fatal(err)
	}
	source := application.Spec.Source
	if source.Path != "charts/probe-injector" || source.TargetRevision != version {
		t.Errorf("it installs %s at %s, this is %s", source.Path, source.TargetRevision, version)
	}
	var ignores []ignored
	for _, difference := range application.Spec.IgnoreDifferences {
		ignores = append(ignores, ignored{difference.Kind, difference.Name})
	}
	holdExample(t, application.Spec.Destination.Namespace, source.Helm.ValuesObject, ignores)
}

func TestTheExampleForFluxInstallsThisChart(t *testing.T) {
	var release struct {
		Spec struct {
			TargetNamespace string `json:"targetNamespace"`
			Chart           struct {
				Spec struct {
					Chart   string `json:"chart"`
					Version string `json:"version"`
				} `json:"spec"`
			} `json:"chart"`
			DriftDetection struct {
				Ignore []struct {
					Target struct {
						Kind string `json:"kind"`
						Name string `json:"name"`
					} `json:"target"`
					Paths []string `json:"paths"`
				} `json:"ignore"`
			} `json:"driftDetection"`
			Values any `json:"values"`
		} `json:"spec"`
	}
	readExample(t, &release, "flux", "helmrelease.yaml")
	version, err := checkout.Version()
	if err != nil {
		t.Fatal(err)
	}
	if got := release.Spec.Chart.Spec; got.Chart != "probe-injector" || "v"+got.Version != version {
		t.Errorf("it installs %s %s, this is %s", got.Chart, got.Version, version)
	}
	var ignores []ignored
	for _, rule := range release.Spec.DriftDetection.Ignore {
		ignores = append(ignores, ignored{rule.Target.Kind, rule.Target.Name})
	}
	rendered := holdExample(t, release.Spec.TargetNamespace, release.Spec.Values, ignores)
	configuration, err := rendered.WebhookConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(release.Spec.DriftDetection.Ignore[0].Paths); got != len(configuration.Webhooks) {
		t.Errorf("it ignores the bundles of %d entries of %d", got, len(configuration.Webhooks))
	}
}

// holdExample renders the chart as an example installs it, and looks for what the example ignores.
func holdExample(t *testing.T, namespace string, values any, ignores []ignored) *chart.Rendered {
	t.Helper()
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	rendered, err := chart.Render(chart.Options{Namespace: namespace, Values: string(text)})
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := rendered.WebhookConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{}
	if err := rendered.Only("Secret", secret); err != nil {
		t.Fatal(err)
	}
	want := []ignored{{"MutatingWebhookConfiguration", configuration.Name}, {"Secret", secret.Name}}
	if !slices.Equal(ignores, want) {
		t.Errorf("it ignores %v, want %v", ignores, want)
	}
	return rendered
}

// foreignMetrics are those that the alerts take from the API server and from Prometheus itself, and the one that the server
// gets beside them.
func foreignMetrics() []string {
	return []string{
		"apiserver_admission_webhook_fail_open_count", "apiserver_admission_webhook_rejection_count", "up",
		"probe_injector_policy_last_reload_successful",
	}
}

// TestAlertsAskForMetricsThatExist holds the alerts of all modes against docs/metrics.md, which is generated from the code,
// and their runbooks against docs/operations.md. What they do is shown in test/alerts.
func TestAlertsAskForMetricsThatExist(t *testing.T) {
	metrics, operations := page(t, "metrics.md"), page(t, "operations.md")
	for _, mode := range []string{"self-managed", "cert-manager"} {
		rules := &prometheusRule{}
		if err := renderAll(t, `{tls: {mode: `+mode+`}, metrics: {prometheusRule: {enabled: true}}}`).Only("PrometheusRule", rules); err != nil {
			t.Fatal(err)
		}
		for _, rule := range rules.Spec.Groups[0].Rules {
			asked := metric.FindAllString(rule.Expr, -1)
			for _, name := range asked {
				if !strings.Contains(metrics, "| `"+name+"` |") && !slices.Contains(foreignMetrics(), name) {
					t.Errorf("%s asks for %s", rule.Alert, name)
				}
			}
			if len(asked) == 0 {
				t.Errorf("%s asks for nothing", rule.Alert)
			}
			// Every series of ours is asked for with the labels of this release.
			if got := strings.Count(rule.Expr, `{namespace="probe-injector",job=~`); got != strings.Count(rule.Expr, "probe_injector_") {
				t.Errorf("%s is about other releases, too: %s", rule.Alert, rule.Expr)
			}
			if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || rule.Labels["severity"] == "" {
				t.Errorf("%s says too little: %+v", rule.Alert, rule)
			}
			if !strings.Contains(operations, "\n### "+rule.Alert+"\n") || !strings.HasSuffix(rule.Annotations["runbook_url"], "/docs/operations.md#"+strings.ToLower(rule.Alert)) {
				t.Errorf("%s has no runbook: %s", rule.Alert, rule.Annotations["runbook_url"])
			}
		}
	}
}

// metric finds the names of metrics in an expression: ours, the API server's, and up.
var metric = regexp.MustCompile(`\b(?:(?:probe_injector|apiserver)_[a-z_]+|up)\b`)

// page is a page of the documentation.
func page(t *testing.T, name string) string {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
