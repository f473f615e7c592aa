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

// TestAlertsHaveRunbooks holds the alerts of all modes against docs/runbooks.md. What they ask for and do is shown in
// test/alerts.
func TestAlertsHaveRunbooks(t *testing.T) {
	runbooks := page(t, "runbooks.md")
	for _, values := range []string{
		"{metrics: {prometheusRule: {enabled: true, workloads: true}}, injectedLabel: true}",
		"{tls: {mode: cert-manager}, metrics: {prometheusRule: {enabled: true}}}",
	} {
		rules := &prometheusRule{}
		if err := renderAll(t, values).Only("PrometheusRule", rules); err != nil {
			t.Fatal(err)
		}
		for _, group := range rules.Spec.Groups {
			for _, rule := range group.Rules {
				// Every series of ours is asked for with the labels of this release.
				if got := strings.Count(rule.Expr, `{namespace="probe-injector",job=~`); got != len(exposed.FindAllString(rule.Expr, -1)) {
					t.Errorf("%s is about other releases, too: %s", rule.Alert+rule.Record, rule.Expr)
				}
				if rule.Alert == "" {
					continue
				}
				if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || rule.Labels["severity"] == "" {
					t.Errorf("%s says too little: %+v", rule.Alert, rule)
				}
				if !strings.HasSuffix(rule.Annotations["runbook_url"], "/docs/runbooks.md#"+strings.ToLower(rule.Alert)) {
					t.Errorf("%s has no runbook: %s", rule.Alert, rule.Annotations["runbook_url"])
				}
				if !strings.Contains(runbooks, "\n### "+rule.Alert+"\n\n**Stop it:** ") {
					t.Errorf("the runbook of %s does not begin with what stops it", rule.Alert)
				}
			}
		}
	}
}

// exposed finds the names of our metrics in an expression.
var exposed = regexp.MustCompile(`\bprobe_injector_[a-z_]+`)

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
