package chart_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/checkout"
)

func TestThePolicyFileIsTheValuesPolicyWordForWord(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, "charts", "probe-injector", "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values struct {
		Policy any `json:"policy"`
	}
	if err := yaml.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	rendered, err := chart.Render(chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	file, err := rendered.PolicyFile()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.UnmarshalStrict(file, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"apiVersion": "probe-injector.dev/v1alpha1", "kind": "ProbePolicy", "spec": values.Policy}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want - got +:\n%s", diff)
	}
}

func TestThePolicyFileHasTheValuesOfTheInstallation(t *testing.T) {
	rendered, err := chart.Render(chart.Options{Values: `{policy: {mode: Audit, rules: []}}`})
	if err != nil {
		t.Fatal(err)
	}
	file, err := rendered.PolicyFile()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Spec struct {
			Mode  string `json:"mode"`
			Rules []any  `json:"rules"`
			Style string `json:"style"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(file, &got); err != nil {
		t.Fatal(err)
	}
	if got.Spec.Mode != "Audit" || len(got.Spec.Rules) != 0 || got.Spec.Style != "StartupProbe" {
		t.Errorf("got %+v", got.Spec)
	}
}
