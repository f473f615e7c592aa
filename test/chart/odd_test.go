package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// oddNames are names of namespaces and releases that YAML reads as something else unless they are quoted.
func oddNames() []string { return []string{"off", "on", "123", "1e3", "null", "true", "0x10", "1-2"} }

func TestNamesAreTextWhateverYAMLTakesThemFor(t *testing.T) {
	for _, name := range oddNames() {
		for variant, values := range variants(t) {
			t.Run(name+" "+variant, func(t *testing.T) {
				rendered, err := chart.Render(chart.Options{Release: name, Namespace: name, Values: values, OnCluster: true})
				if name[0] <= '9' && variant != "everything" {
					if err == nil || !strings.Contains(err.Error(), "set fullnameOverride") {
						t.Fatalf("a Service would begin with a digit, and the error is %v", err)
					}
					rendered, err = chart.Render(chart.Options{Release: name, Namespace: name, Values: named(values, "on"), OnCluster: true})
				}
				if err != nil {
					t.Fatal(err)
				}
				objects, err := rendered.Objects()
				if err != nil {
					t.Fatal(err)
				}
				for _, object := range objects {
					if object.Namespace != name && object.Namespace != "" {
						t.Errorf("%s is in %q", object.Kind, object.Namespace)
					}
				}
				configuration, err := rendered.WebhookConfiguration()
				if err != nil {
					t.Fatal(err)
				}
				if got := configuration.Webhooks[0].ClientConfig.Service.Namespace; got != name {
					t.Errorf("the Service's namespace is %q", got)
				}
			})
		}
	}
}

// named are values with a name for all objects.
func named(values, name string) string {
	return strings.TrimSuffix(values, "{}\n") + "\nfullnameOverride: \"" + name + "\"\n"
}

// TestNullIsNoneOrTheDefault sets each value to null, and each mapping of values.
func TestNullIsNoneOrTheDefault(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(newTemplate(t, charttools.Helm3).chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	var paths []string
	collect(&paths, "", values)
	if len(paths) < 80 {
		t.Fatalf("only %d values: %q", len(paths), paths)
	}
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			rendered, err := chart.Render(chart.Options{Values: nested(strings.Split(path, "."), "null"), OnCluster: true})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := rendered.Objects(); err != nil {
				t.Fatal(err)
			}
			if _, err := rendered.Deployment(); err != nil {
				t.Error(err)
			}
			if _, err := rendered.WebhookConfiguration(); err != nil {
				t.Error(err)
			}
		})
	}
}

// collect adds the paths of all values below a mapping.
func collect(paths *[]string, above string, values map[string]any) {
	for name, value := range values {
		// Names with dots are keys of labels and not values.
		if strings.Contains(name, ".") {
			continue
		}
		path := strings.TrimPrefix(above+"."+name, ".")
		*paths = append(*paths, path)
		if below, ok := value.(map[string]any); ok {
			collect(paths, path, below)
		}
	}
}

// nested is a value at a path, as YAML.
func nested(path []string, value string) string {
	return "{" + strings.Join(path, ": {") + ": " + value + strings.Repeat("}", len(path))
}

// TestNothingRunsThatOnlyHelmWouldRemove: helm template renders the same as Helm on a cluster, but no hook.
func TestNothingRunsThatOnlyHelmWouldRemove(t *testing.T) {
	forEachVariant(t, func(t *testing.T, onCluster *chart.Rendered) {
		if err := onCluster.Only("Pod", &metav1.PartialObjectMetadata{}); err == nil {
			t.Error("the test has no more in it than its name")
		}
	})
	for name, values := range variants(t) {
		rendered, err := chart.Render(chart.Options{Values: values})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(rendered.String(), "helm.sh/hook") || strings.Contains(rendered.String(), "\nkind: Pod\n") {
			t.Errorf("%s: helm template renders a hook", name)
		}
	}
}

// renderedIsApplied installs by helm template and kubectl apply, in namespaces with names of all kinds, and once more.
func renderedIsApplied(t *testing.T, plane *controlplane.ControlPlane) {
	c := &cluster{ControlPlane: plane}
	for _, tool := range []charttools.Tool{charttools.Helm3, charttools.Helm4} {
		helm := newTemplate(t, tool)
		for _, namespace := range []string{"off", "1e3"} {
			t.Run(string(tool)+" "+namespace, func(t *testing.T) {
				if tool == charttools.Helm3 {
					if err := plane.CreateNamespace(t.Context(), namespace, nil); err != nil {
						t.Fatal(err)
					}
				}
				manifest, err := helm.template(t, `{webhook: {failurePolicy: Fail}}`, "--namespace", namespace)
				if err != nil {
					t.Fatal(err, manifest)
				}
				for range 2 {
					if _, err := plane.KubectlWithInput(t.Context(), strings.NewReader(manifest), "apply", "-f", "-"); err != nil {
						t.Fatal(err)
					}
					c.serve(t, namespace)
					c.bundlesAre(t, map[string]string{"annotated": "ours", "labelled-namespaces.rules": "ours"})
				}
				pods, err := plane.Client().CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
				if err != nil || len(pods.Items) != 0 {
					t.Errorf("there are %d Pods: %v", len(pods.Items), err)
				}
				if _, err := plane.KubectlWithInput(t.Context(), strings.NewReader(manifest), "delete", "-f", "-"); err != nil {
					t.Fatal(err)
				}
				c.nothingIsLeft(t, namespace)
			})
		}
	}
}

// TestAnUpgradeReusesTheValuesOfAnOlderChart: they lack what that chart did not have, and have what it had beside.
func TestAnUpgradeReusesTheValuesOfAnOlderChart(t *testing.T) {
	t.Parallel()
	plane := controlplane.ForTest(t, controlplane.Options{})
	for _, tool := range []charttools.Tool{charttools.Helm3, charttools.Helm4} {
		t.Run(string(tool), func(t *testing.T) {
			c := &cluster{ControlPlane: plane, helm: newHelm(t, tool, plane)}
			older := olderChart(t, c.helm.chart)
			c.helm.must(t, "install", "probe-injector", older, "--namespace", "default", "--set", "replicaCount=3")
			c.helm.upgrade(t, "default", "--reuse-values")
			deployment, err := plane.Client().AppsV1().Deployments("default").Get(t.Context(), "probe-injector", metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if *deployment.Spec.Replicas != 3 {
				t.Errorf("there are %d replicas", *deployment.Spec.Replicas)
			}
			if _, err := plane.Client().AdmissionregistrationV1().ValidatingAdmissionPolicies().Get(t.Context(), refusedByPolicy, metav1.GetOptions{}); err != nil {
				t.Errorf("what is new is not there: %v", err)
			}
			c.helm.must(t, "uninstall", "probe-injector", "--namespace", "default")
		})
	}
}

// olderChart is a copy of the chart whose values.yaml lacks whole blocks and single values, and has others that are gone.
// Its templates are of today: what an upgrade takes over are the values.
func olderChart(t *testing.T, folder string) string {
	t.Helper()
	older := filepath.Join(t.TempDir(), "probe-injector")
	if err := os.CopyFS(older, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(older, "values.schema.json")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(older, "values.yaml")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := yaml.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"metrics", "networkPolicy", "log", "podDisruptionBudget", "injectedLabel", "preflight"} {
		delete(values, gone)
	}
	delete(values["rbac"].(map[string]any), "bundleOnlyPolicy")
	values["updateStrategy"] = map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxUnavailable": 0, "maxSurge": 1}}
	values["statusLabel"] = false
	values["test"] = map[string]any{"image": map[string]any{"repository": "library/busybox"}}
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return older
}
