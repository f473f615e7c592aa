package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
)

// examplesFolder holds the files that readers copy.
const examplesFolder = "../../examples"

func TestExamples(t *testing.T) {
	cases := map[string]struct {
		policy string
		// want are the probes that the file promises.
		want []string
		// warnings are those that the reader is meant to see, by what they contain.
		warnings []string
	}{
		"annotations/http.yaml":          {want: []string{"shop startupProbe", "shop livenessProbe", "shop readinessProbe"}},
		"annotations/choose-for-me.yaml": {want: []string{"broker startupProbe", "broker livenessProbe", "broker readinessProbe"}},
		"annotations/named-ports.yaml":   {want: []string{"catalogue startupProbe", "catalogue livenessProbe", "catalogue readinessProbe"}},
		"annotations/own-key.yaml":       {want: []string{"php startupProbe", "php livenessProbe", "php readinessProbe", "nginx readinessProbe"}},
		"annotations/any-field.yaml":     {want: []string{"search startupProbe", "search livenessProbe", "search readinessProbe"}},
		"annotations/chart-values.yaml":  {want: []string{"app startupProbe", "app livenessProbe", "app readinessProbe"}},
		"annotations/rule.yaml":          {want: []string{"basket readinessProbe"}},
		"annotations/profile.yaml": {
			policy: "annotations/profile-policy.yaml",
			want:   []string{"db startupProbe", "db livenessProbe", "db readinessProbe"},
			warnings: []string{
				"peers that look each other up before they are ready need publishNotReadyAddresses",
			},
		},
		"flask-app/deployment.yaml": {want: []string{"flask-app startupProbe", "flask-app livenessProbe", "flask-app readinessProbe"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			args := []string{"probe-injector", "explain", "-o", "json", "-f", "-"}
			if c.policy != "" {
				args = append(args, "--policy", filepath.Join(examplesFolder, c.policy))
			}
			var out, problems bytes.Buffer
			code := run(args, "v0.1.0", streams{strings.NewReader(manifestOf(t, name)), &out, &problems})
			if code != int(exit.Fine) {
				t.Fatalf("exit code %d:\n%s%s", code, out.String(), problems.String())
			}
			var report explanation.Report
			if err := json.Unmarshal(out.Bytes(), &report); err != nil {
				t.Fatal(err)
			}
			probes, warnings := contents(&report)
			if diff := cmp.Diff(c.want, probes); diff != "" {
				t.Errorf("probes (-want +got):\n%s", diff)
			}
			if !slices.EqualFunc(warnings, c.warnings, strings.Contains) {
				t.Errorf("warnings are %q, want %q", warnings, c.warnings)
			}
		})
	}
	checkAllHaveRows(t, func(name string) bool { _, ok := cases[name]; return ok })
}

// contents are the probes that are added, and all that is said beside them.
func contents(report *explanation.Report) (probes, warnings []string) {
	for _, w := range report.Workloads {
		for _, a := range w.Answers {
			warnings = append(warnings, a.Warnings...)
			for _, c := range a.Containers {
				for _, p := range c.Probes {
					probes = append(probes, c.Name+" "+p.Field)
				}
			}
		}
	}
	return probes, warnings
}

// manifestOf is an example as it is applied. Values of a chart with podAnnotations become a Deployment, as that chart
// would make one.
func manifestOf(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(examplesFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	var values struct {
		PodAnnotations map[string]string `json:"podAnnotations"`
	}
	if err := yaml.Unmarshal(content, &values); err != nil || values.PodAnnotations == nil {
		return string(content)
	}
	annotations, err := json.Marshal(values.PodAnnotations)
	if err != nil {
		t.Fatal(err)
	}
	return `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"}, "spec": {"template": {
		"metadata": {"annotations": ` + string(annotations) + `},
		"spec": {"containers": [{"name": "app", "image": "x", "ports": [{"containerPort": 8080}]}]}}}}`
}

// checkAllHaveRows makes sure that no example escapes the test.
func checkAllHaveRows(t *testing.T, hasRow func(name string) bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(examplesFolder, "annotations", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := "annotations/" + filepath.Base(file)
		if !hasRow(name) && !strings.HasSuffix(name, "-policy.yaml") {
			t.Errorf("examples/%s has no row in this test", name)
		}
	}
}
