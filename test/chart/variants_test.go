package chart_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/checkout"
)

// variants are the installations in the chart's ci folder: the values of each, by the name of the file without its
// ending.
func variants(t *testing.T) map[string]string {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	const ending = "-values.yaml"
	files, err := filepath.Glob(filepath.Join(root, "charts", "probe-injector", "ci", "*"+ending))
	if err != nil || len(files) == 0 {
		t.Fatalf("the chart's ci folder has %d files: %v", len(files), err)
	}
	found := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimSuffix(filepath.Base(file), ending)] = string(content)
	}
	return found
}

// forEachVariant runs a test on each installation.
func forEachVariant(t *testing.T, test func(t *testing.T, rendered *chart.Rendered)) {
	t.Helper()
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) { test(t, renderAll(t, values)) })
	}
}

// renderAll renders an installation with these values.
func renderAll(t *testing.T, values string) *chart.Rendered {
	t.Helper()
	rendered, err := chart.Render(chart.Options{Values: values, OnCluster: true})
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

func TestEveryTemplateIsRenderedBySomeVariant(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "charts", "probe-injector", "templates")
	unused := sets.New[string]()
	for _, pattern := range []string{"*.yaml", "*/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			unused.Insert(strings.TrimPrefix(file, folder))
		}
	}
	for _, values := range variants(t) {
		objects, err := renderAll(t, values).Objects()
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			unused.Delete(strings.TrimPrefix(object.Template, "probe-injector/templates"))
		}
	}
	if unused.Len() > 0 {
		t.Errorf("no file in ci renders %q", sets.List(unused))
	}
}

// TestEveryObjectIsKnownToKubernetes decodes everything strictly into the types of Kubernetes and cert-manager: a
// misspelt field, or one that is written twice, is an error.
func TestEveryObjectIsKnownToKubernetes(t *testing.T) {
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, certmanagerv1.AddToScheme, addMonitoring} {
		if err := add(known); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(known, serializer.EnableStrict).UniversalDeserializer()
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		objects, err := rendered.Objects()
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			if _, _, err := decoder.Decode(object.YAML, nil, nil); err != nil {
				t.Errorf("%s: %s %s: %v", object.Template, object.Kind, object.Name, err)
			}
		}
	})
}

func TestEveryObjectIsLabelledAndInItsPlace(t *testing.T) {
	clusterWide := []string{
		"ClusterRole", "ClusterRoleBinding", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
		"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
	}
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		objects, err := rendered.Objects()
		if err != nil {
			t.Fatal(err)
		}
		seen := sets.New[string]()
		for _, object := range objects {
			name := object.GroupVersionKind().GroupKind().String() + "/" + object.Name
			if seen.Has(name) {
				t.Errorf("%s is rendered twice", name)
			}
			seen.Insert(name)
			if object.Template == "probe-injector/templates/extra-objects.yaml" {
				continue
			}
			for _, label := range []string{"name", "instance", "version", "managed-by", "part-of"} {
				if object.Labels["app.kubernetes.io/"+label] == "" {
					t.Errorf("%s has no label app.kubernetes.io/%s", name, label)
				}
			}
			want := "probe-injector"
			if slices.Contains(clusterWide, object.Kind) {
				want = ""
			}
			if object.Namespace != want {
				t.Errorf("%s is in the namespace %q, want %q", name, object.Namespace, want)
			}
		}
	})
}

func TestRenderingTwiceGivesTheSame(t *testing.T) {
	for name, values := range variants(t) {
		t.Run(name, func(t *testing.T) {
			first, second := renderAll(t, values), renderAll(t, values)
			if diff := cmp.Diff(first.String(), second.String()); diff != "" {
				t.Errorf("first - second +:\n%s", diff)
			}
			if diff := cmp.Diff(first.Notes(), second.Notes()); diff != "" {
				t.Errorf("notes: first - second +:\n%s", diff)
			}
		})
	}
}

func TestTheServerAcceptsEveryPolicy(t *testing.T) {
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		file, err := rendered.PolicyFile()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := policy.Parse(file, "v0.0.0"); err != nil {
			t.Error(err)
		}
	})
}

// The kinds of the Prometheus Operator, as far as the chart uses them. Their types are not worth a dependency; these are
// the fields of github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1.
type (
	monitor struct {
		chart.Object `json:",inline"`
		Spec         struct {
			Selector struct {
				MatchLabels map[string]string `json:"matchLabels"`
			} `json:"selector"`
			Endpoints           []endpoint `json:"endpoints"`
			PodMetricsEndpoints []endpoint `json:"podMetricsEndpoints"`
		} `json:"spec"`
	}
	endpoint struct {
		Port     string `json:"port"`
		Interval string `json:"interval"`
	}
	prometheusRule struct {
		chart.Object `json:",inline"`
		Spec         struct {
			Groups []ruleGroup `json:"groups"`
		} `json:"spec"`
	}
	ruleGroup struct {
		Name  string  `json:"name"`
		Rules []alert `json:"rules"`
	}
	alert struct {
		Record      string            `json:"record"`
		Alert       string            `json:"alert"`
		Expr        string            `json:"expr"`
		For         string            `json:"for"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	}
)

func (m *monitor) DeepCopyObject() runtime.Object        { copied := *m; return &copied }
func (r *prometheusRule) DeepCopyObject() runtime.Object { copied := *r; return &copied }

func addMonitoring(known *runtime.Scheme) error {
	group := schema.GroupVersion{Group: "monitoring.coreos.com", Version: "v1"}
	known.AddKnownTypeWithName(group.WithKind("ServiceMonitor"), &monitor{})
	known.AddKnownTypeWithName(group.WithKind("PodMonitor"), &monitor{})
	known.AddKnownTypeWithName(group.WithKind("PrometheusRule"), &prometheusRule{})
	return nil
}
