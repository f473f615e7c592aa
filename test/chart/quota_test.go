package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// limitedClasses is how clusters such as GKE's keep the system's classes for namespaces with a quota for them.
const limitedClasses = `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: ResourceQuota
    configuration:
      apiVersion: apiserver.config.k8s.io/v1
      kind: ResourceQuotaConfiguration
      limitedResources:
        - resource: pods
          matchScopes:
            - {scopeName: PriorityClass, operator: In, values: [system-cluster-critical, system-node-critical]}
`

// TestPodsStartWhereClassesAreLimited creates our Pods in a cluster that refuses those of the system's classes unless a
// quota permits them.
func TestPodsStartWhereClassesAreLimited(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "admission.yaml")
	if err := os.WriteFile(file, []byte(strings.TrimSpace(limitedClasses)), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &cluster{ControlPlane: controlplane.ForTest(t, controlplane.Options{APIServerArgs: []string{"--admission-control-config-file=" + file}})}
	if err := c.CreateNamespace(t.Context(), "probe-injector", nil); err != nil {
		t.Fatal(err)
	}
	critical := renderAll(t, `{priorityClassName: system-cluster-critical}`)
	if err := c.create(t, "probe-injector", ourPod(t, renderAll(t, `{}`))); err != nil {
		t.Errorf("without a class: %v", err)
	}
	if err := c.create(t, "probe-injector", ourPod(t, critical)); err == nil || !strings.Contains(err.Error(), "insufficient quota") {
		t.Fatalf("with a class and without a quota the error is %v", err)
	}

	quota := &corev1.ResourceQuota{}
	if err := critical.Only("ResourceQuota", quota); err != nil {
		t.Fatal(err)
	}
	quotas := c.Client().CoreV1().ResourceQuotas("probe-injector")
	created, err := quotas.Create(t.Context(), quota, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// What the quota's controller does, which does not run here.
	created.Status.Hard = created.Spec.Hard
	created.Status.Used = corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}
	if _, err := quotas.UpdateStatus(t.Context(), created, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.eventually(t, "with the chart's quota a Pod of the class is created", func() bool {
		return c.create(t, "probe-injector", ourPod(t, critical)) == nil
	})
}

// ourPod is a Pod as our Deployment makes them, but for its account, which is not there.
func ourPod(t *testing.T, rendered *chart.Rendered) *corev1.Pod {
	t.Helper()
	deployment, err := rendered.Deployment()
	if err != nil {
		t.Fatal(err)
	}
	template := deployment.Spec.Template
	template.Name, template.Spec.ServiceAccountName = "ours", ""
	return &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
}
