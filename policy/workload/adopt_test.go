package workload_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestTheControllerMakesThePodOfTheTemplate(t *testing.T) {
	for name, row := range map[string]struct {
		kind  schema.GroupKind
		owner string
	}{
		"a ReplicaSet for a Deployment": {schema.GroupKind{Group: "apps", Kind: "Deployment"}, "apps/v1 ReplicaSet"},
		"a Job for a CronJob":           {schema.GroupKind{Group: "batch", Kind: "CronJob"}, "batch/v1 Job"},
		"nobody for a PodTemplate":      {schema.GroupKind{Kind: "PodTemplate"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			kind, _ := workload.KindOf(row.kind)
			template := &workload.Pod{Metadata: &workload.ObjectMeta{Name: "ignored", Annotations: map[string]string{"a": "b"}}}
			pod := kind.Pod(template, "web")
			owner := ""
			if by := pod.Controller(); by != nil {
				owner = by.APIVersion + " " + by.Kind
			}
			if owner != row.owner || pod.Metadata.Name != "" || pod.Metadata.GenerateName != "web-" || pod.Annotations()["a"] != "b" {
				t.Errorf("%+v, controller %q", pod.Metadata, owner)
			}
			if template.Metadata.Name != "ignored" || template.Metadata.OwnerReferences != nil {
				t.Errorf("the template has changed: %+v", template.Metadata)
			}
		})
	}
}

func TestATemplateOfKnativeMakesPodsOfKnative(t *testing.T) {
	kind := workload.Kind{OwnerAPIVersion: "serving.knative.dev/v1", OwnerKind: "Service"}
	if !kind.Pod(&workload.Pod{}, "web").IsKnative() {
		t.Error("its Pod is not Knative's")
	}
}

// The API server completes its own kinds; those of others are completed here.
func TestAPodOfATemplateHasTheDefaultsOfTheAPIServer(t *testing.T) {
	template := &workload.Pod{Spec: workload.PodSpec{Containers: []workload.Container{{
		Name: "web", Ports: []workload.ContainerPort{{ContainerPort: 8080}},
		LivenessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{}}},
	}}}}
	pod := workload.Kind{}.Pod(template, "web")
	c := &pod.Spec.Containers[0]
	if pod.Spec.RestartPolicy != corev1.RestartPolicyAlways || c.Ports[0].Protocol != corev1.ProtocolTCP || c.LivenessProbe.PeriodSeconds != 10 || c.LivenessProbe.HTTPGet.Path != "/" {
		t.Errorf("%+v", pod.Spec)
	}
}
