package workload_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/probe-injector/probe-injector/policy/workload"
)

func TestKindOf(t *testing.T) {
	rows := map[schema.GroupKind]struct {
		template, owner string
		ends            bool
	}{
		{Kind: "Pod"}:                           {"", " ", false},
		{Group: "apps", Kind: "Deployment"}:     {"spec.template", "apps/v1 ReplicaSet", false},
		{Group: "apps", Kind: "ReplicaSet"}:     {"spec.template", "apps/v1 ReplicaSet", false},
		{Group: "apps", Kind: "StatefulSet"}:    {"spec.template", "apps/v1 StatefulSet", false},
		{Group: "apps", Kind: "DaemonSet"}:      {"spec.template", "apps/v1 DaemonSet", false},
		{Group: "argoproj.io", Kind: "Rollout"}: {"spec.template", "apps/v1 ReplicaSet", false},
		{Kind: "PodTemplate"}:                   {"template", " ", false},
		{Kind: "ReplicationController"}:         {"spec.template", "v1 ReplicationController", false},
		{Group: "batch", Kind: "Job"}:           {"spec.template", "batch/v1 Job", true},
		{Group: "batch", Kind: "CronJob"}:       {"spec.jobTemplate.spec.template", "batch/v1 Job", true},
	}
	for kind, want := range rows {
		got, ok := workload.KindOf(kind)
		owner := got.OwnerAPIVersion + " " + got.OwnerKind
		if template := strings.Join(got.Template, "."); !ok || template != want.template || owner != want.owner || got.Ends != want.ends {
			t.Errorf("%s: %+v", kind, got)
		}
	}
	if got, ok := workload.KindOf(schema.GroupKind{Group: "example.com", Kind: "Deployment"}); ok {
		t.Errorf("another group's Deployment: %+v", got)
	}
}

func TestSetDefaults(t *testing.T) {
	spec := corev1.PodSpec{Containers: []corev1.Container{{
		Ports:          []corev1.ContainerPort{{}, {Protocol: corev1.ProtocolUDP}},
		LivenessProbe:  &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{}}, PeriodSeconds: 7},
		ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{GRPC: &corev1.GRPCAction{}}},
	}}}
	workload.SetDefaults(&spec)
	c := &spec.Containers[0]
	live, ready := c.LivenessProbe, c.ReadinessProbe
	if spec.RestartPolicy != corev1.RestartPolicyAlways || c.Ports[0].Protocol != corev1.ProtocolTCP || c.Ports[1].Protocol != corev1.ProtocolUDP {
		t.Errorf("the Pod: %+v", spec)
	}
	if live.PeriodSeconds != 7 || live.TimeoutSeconds != 1 || live.FailureThreshold != 3 || live.HTTPGet.Path != "/" || live.HTTPGet.Scheme != corev1.URISchemeHTTP {
		t.Errorf("liveness: %+v", live)
	}
	if ready.PeriodSeconds != 10 || ready.SuccessThreshold != 1 || ready.GRPC.Service == nil {
		t.Errorf("readiness: %+v", ready)
	}
}

func TestSplitImage(t *testing.T) {
	for reference, want := range map[string][2]string{
		"postgres":                              {"postgres", ""},
		"postgres:16@sha256:abc":                {"postgres", "16"},
		"registry.example:5000/shop":            {"registry.example:5000/shop", ""},
		"registry.example:5000/shop/cart:debug": {"registry.example:5000/shop/cart", "debug"},
	} {
		if name, tag := workload.SplitImage(reference); name != want[0] || tag != want[1] {
			t.Errorf("%s: %q, %q", reference, name, tag)
		}
	}
}
