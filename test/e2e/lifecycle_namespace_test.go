package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
)

// newNamespaces are how many namespaces come at once with each label: that the API server knows a namespace a moment
// later than it should must show.
const newNamespaces = 5

// newNamespace takes the name of a namespace and the value of its label. The Deployment does not ask; the Pod does, and
// would not wait for the namespace's own ServiceAccount.
const newNamespace = `
apiVersion: v1
kind: Namespace
metadata: {name: %[1]s, labels: {probe-injector.dev/inject: "%[2]s"}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: asking, namespace: %[1]s}
---
apiVersion: v1
kind: Pod
metadata: {name: asking, namespace: %[1]s, annotations: {probe-injector.dev/liveness: /livez}}
spec:
  serviceAccountName: asking
  containers:
  - {name: web, image: "example.com/web:1", ports: [{name: http, containerPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: silent, namespace: %[1]s}
spec:
  selector: {matchLabels: {app: silent}}
  template:
    metadata: {labels: {app: silent}}
    spec:
      containers:
      - {name: web, image: "example.com/web:1", ports: [{name: http, containerPort: 8080}]}
---
`

// meetsNewNamespaces applies namespaces together with what is in them: their labels count for the first Pod.
func (l *lifecycle) meetsNewNamespaces(t *testing.T) {
	labels := map[string]string{}
	manifests := ""
	for range newNamespaces {
		for _, label := range []string{"true", "false"} {
			name := "new-" + rand.String(5)
			labels[name] = label
			manifests += fmt.Sprintf(newNamespace, name, label)
		}
	}
	t.Cleanup(func() {
		for name := range labels {
			if err := l.client.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		}
	})
	if _, err := l.tryKubectl(t.Context(), strings.NewReader(manifests), "apply", "--filename", "-"); err != nil {
		t.Fatal(err)
	}
	for name, label := range labels {
		asking := l.pod(t, name, "asking")
		silent := l.podsOf(t, name, "app=silent", 1)[0]
		if label == "true" {
			hasProbes(t, asking, "startup+liveness http:8080/livez")
			hasProbes(t, &silent, "readiness tcp:8080")
		} else {
			isUntouched(t, asking)
			isUntouched(t, &silent)
		}
	}
}

// hasProbes expects a Pod that was told that it has got something.
func hasProbes(t *testing.T, pod *corev1.Pod, status string) {
	t.Helper()
	if got := pod.Annotations["probe-injector.dev/status"]; !strings.Contains(got, status) {
		t.Errorf("the status of %s in %s is %q, want %q in it", pod.Name, pod.Namespace, got, status)
	}
	c := pod.Spec.Containers[0]
	if c.LivenessProbe == nil && c.ReadinessProbe == nil {
		t.Errorf("%s in %s has no probes", pod.Name, pod.Namespace)
	}
}

// isUntouched expects a Pod without any trace of us.
func isUntouched(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	c := pod.Spec.Containers[0]
	if c.LivenessProbe != nil || c.ReadinessProbe != nil || c.StartupProbe != nil {
		t.Errorf("%s in %s has probes", pod.Name, pod.Namespace)
	}
	if status, told := pod.Annotations["probe-injector.dev/status"]; told {
		t.Errorf("%s in %s has the status %q", pod.Name, pod.Namespace, status)
	}
}
