package integration

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// podOwner is an object whose controller makes a Pod.
type podOwner struct {
	namespace string
	// manifest has NAME where its name belongs, which is also the value of the label "app" of its Pods.
	manifest string
	outcome  outcome
	// owner is the kind of the Pod's controller.
	owner string
}

// What is inside of the templates of most workloads.
const (
	askingTemplate = `metadata: {labels: {app: NAME}, annotations: {probe-injector.dev/liveness: /livez, probe-injector.dev/readiness: /readyz}}, spec: {containers: [` + web + `]}`
	silentTemplate = `metadata: {labels: {app: NAME}}, spec: {containers: [` + web + `]}`
)

func workloads() map[string]podOwner {
	selected := func(kind, fields, template string) string {
		return "{apiVersion: apps/v1, kind: " + kind + ", metadata: {name: NAME}, spec: {" + fields + "selector: {matchLabels: {app: NAME}}, template: {" + template + "}}}"
	}
	asked := outcome{
		probes: map[string]string{"web/startup": "http:8080/livez", "web/liveness": "http:8080/livez", "web/readiness": "http:8080/readyz"},
		status: "web: startup+liveness http:8080/livez, readiness http:8080/readyz; up to ",
	}
	byRule := outcome{probes: map[string]string{"web/readiness": "tcp:8080"}, status: "web: readiness tcp:8080 ("}
	return map[string]podOwner{
		"deployment":  {plain, selected("Deployment", "", askingTemplate), asked, "ReplicaSet"},
		"statefulset": {plain, selected("StatefulSet", "serviceName: x, ", askingTemplate), asked, "StatefulSet"},
		"daemonset":   {plain, selected("DaemonSet", "", askingTemplate), asked, "DaemonSet"},
		"job": {
			plain, `{apiVersion: batch/v1, kind: Job, metadata: {name: NAME}, spec: {template: {metadata: {labels: {app: NAME}, annotations: {probe-injector.dev/inject: "true"}}, spec: {restartPolicy: Never, containers: [` + web + `]}}}}`,
			outcome{probes: map[string]string{"web/readiness": "tcp:8080"}, status: "web: readiness tcp:8080; no liveness: restart_policy ("}, "Job",
		},
		"deployment-that-does-not-ask": {plain, selected("Deployment", "", silentTemplate), outcome{}, "ReplicaSet"},
		"deployment-by-rule":           {labelled, selected("Deployment", "", silentTemplate), byRule, "ReplicaSet"},
		"daemonset-by-rule":            {labelled, selected("DaemonSet", "", silentTemplate), byRule, "DaemonSet"},
		"statefulset-by-rule":          {labelled, selected("StatefulSet", "serviceName: x, ", silentTemplate), outcome{status: "nothing: stateful_set ("}, "StatefulSet"},
		"statefulset-that-asks":        {labelled, selected("StatefulSet", "serviceName: x, ", askingTemplate), asked, "StatefulSet"},
	}
}

// controllers lets each kind of controller make a Pod, in a namespace with and in one without a rule.
func (i *installed) controllers(t *testing.T) {
	if err := i.AddNode(t.Context(), "node"); err != nil {
		t.Fatal(err)
	}
	for name, owner := range workloads() {
		manifest := strings.ReplaceAll(owner.manifest, "NAME", name)
		if _, err := i.kubectlCreate(t.Context(), owner.namespace, []byte(manifest)); err != nil {
			t.Fatal(err)
		}
	}
	for name, owner := range workloads() {
		t.Run(name, func(t *testing.T) {
			pod, err := i.WaitForPod(t.Context(), owner.namespace, "app="+name)
			if err != nil {
				t.Fatal(err)
			}
			if controller := metav1.GetControllerOf(pod); controller == nil || controller.Kind != owner.owner {
				t.Errorf("its controller is %v", controller)
			}
			owner.outcome.expect(t, pod)
		})
	}
	t.Run("a Pod that nobody controls is left alone by rules", func(t *testing.T) {
		created, err := i.create(t.Context(), labelled, manifestOf("{name: alone}", "{containers: ["+web+"]}"))
		if err != nil {
			t.Fatal(err)
		}
		outcome{status: "nothing: no_controller ("}.expect(t, &created.pod)
	})
}
