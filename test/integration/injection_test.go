package integration

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// status is the annotation that our server writes on every Pod that asked.
const status = "probe-injector.dev/status"

// shop is a Deployment as a user writes it.
const shop = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {probe-injector.dev/liveness: "http:8080/livez"}
    spec:
      containers: [{name: web, image: example.com/web:1, ports: [{containerPort: 8080}]}]
`

// TestADeploymentThatAsksGetsItsProbes goes the whole way: kubectl, the Deployment's controllers, the API server with
// the chart's configuration, and our server with the chart's policy.
func TestADeploymentThatAsksGetsItsProbes(t *testing.T) {
	t.Parallel()
	rendered, err := chart.Render(chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := rendered.PolicyFile()
	if err != nil {
		t.Fatal(err)
	}
	webhook := server.ForTest(t, server.Options{Policy: policy})
	plane := controlplane.ForTest(t, controlplane.Options{Controllers: true})
	configuration, err := rendered.WebhookConfigurationAt(webhook.Address(), webhook.CABundle())
	if err != nil {
		t.Fatal(err)
	}
	err = plane.Register(t.Context(), configuration, marker(), func(created *corev1.Pod) bool {
		return created.Annotations[status] != ""
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := plane.CreateNamespace(t.Context(), "shop", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := plane.KubectlWithInput(t.Context(), strings.NewReader(shop), "apply", "-f", "-"); err != nil {
		t.Fatal(err)
	}
	pod, err := plane.WaitForPod(t.Context(), "shop", "app=web")
	if err != nil {
		t.Fatal(err)
	}
	liveness := pod.Spec.Containers[0].LivenessProbe
	if liveness == nil || liveness.HTTPGet == nil || liveness.HTTPGet.Path != "/livez" || liveness.HTTPGet.Port.IntValue() != 8080 {
		t.Errorf("its liveness probe is %v; the status is %q", liveness, pod.Annotations[status])
	}
	if pod.Spec.Containers[0].StartupProbe == nil {
		t.Error("it has no startup probe")
	}
}
