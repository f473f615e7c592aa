package chart_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/chart"
)

// TestThePolicyIsCheckedAsTheServersReadIt: what the Job reads is what they will have, and it is none of them itself.
func TestThePolicyIsCheckedAsTheServersReadIt(t *testing.T) {
	checked := 0
	forEachVariant(t, func(t *testing.T, rendered *chart.Rendered) {
		job, err := rendered.PolicyCheck()
		if err != nil {
			t.Fatal(err)
		}
		if job == nil {
			return
		}
		checked++
		policies := policyTexts(t, rendered)
		if len(policies) != 2 || policies[0] != policies[1] {
			t.Errorf("the policies are %q", policies)
		}
		deployment, err := rendered.Deployment()
		if err != nil {
			t.Fatal(err)
		}
		template, servers := job.Spec.Template, deployment.Spec.Template
		if labels.SelectorFromSet(deployment.Spec.Selector.MatchLabels).Matches(labels.Set(template.Labels)) {
			t.Error("the Service would send reviews to it")
		}
		if template.Spec.HostNetwork || *template.Spec.AutomountServiceAccountToken {
			t.Error("it has more than it needs")
		}
		own, server := template.Spec.Containers[0], servers.Spec.Containers[0]
		if own.Image != server.Image {
			t.Errorf("its image is %s, that of the servers %s", own.Image, server.Image)
		}
		if diff := cmp.Diff(server.SecurityContext, own.SecurityContext); diff != "" {
			t.Errorf("security of the servers (-) and its own (+):\n%s", diff)
		}
		if diff := cmp.Diff(servers.Spec.SecurityContext, template.Spec.SecurityContext); diff != "" {
			t.Errorf("security of the servers' Pods (-) and its own (+):\n%s", diff)
		}
	})
	if checked == 0 {
		t.Error("no variant has a policy of its own")
	}
}

// policyTexts are the policy files of all ConfigMaps.
func policyTexts(t *testing.T, rendered *chart.Rendered) []string {
	t.Helper()
	objects, err := rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, object := range objects {
		if object.Kind != "ConfigMap" {
			continue
		}
		config := &corev1.ConfigMap{}
		if err := yaml.UnmarshalStrict(object.YAML, config); err != nil {
			t.Fatal(err)
		}
		if text, ok := config.Data["policy.yaml"]; ok {
			texts = append(texts, text)
		}
	}
	return texts
}
