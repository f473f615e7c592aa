package resilience

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/chart"
)

// resources are the kinds that the chart renders, and what the API server calls them.
func resources() map[string]schema.GroupVersionResource {
	of := func(group, version, resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Group: group, Version: version, Resource: resource}
	}
	return map[string]schema.GroupVersionResource{
		"ValidatingAdmissionPolicy":        of("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies"),
		"ValidatingAdmissionPolicyBinding": of("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings"),
		"ValidatingWebhookConfiguration":   of("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"),
		"ClusterRole":                      of("rbac.authorization.k8s.io", "v1", "clusterroles"),
		"ClusterRoleBinding":               of("rbac.authorization.k8s.io", "v1", "clusterrolebindings"),
		"ConfigMap":                        of("", "v1", "configmaps"),
		"Deployment":                       of("apps", "v1", "deployments"),
		"MutatingWebhookConfiguration":     of("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"),
		"PodDisruptionBudget":              of("policy", "v1", "poddisruptionbudgets"),
		"Role":                             of("rbac.authorization.k8s.io", "v1", "roles"),
		"RoleBinding":                      of("rbac.authorization.k8s.io", "v1", "rolebindings"),
		"Secret":                           of("", "v1", "secrets"),
		"Service":                          of("", "v1", "services"),
		"ServiceAccount":                   of("", "v1", "serviceaccounts"),
	}
}

// create creates a rendered object, but for hooks, which are no part of the release.
func (c *cluster) create(ctx context.Context, object chart.Object) error {
	if _, isHook := object.Annotations["helm.sh/hook"]; isHook {
		return nil
	}
	resource, known := resources()[object.Kind]
	if !known {
		return fmt.Errorf("creating the objects of the chart: the kind %s of %s is not in the table of resources", object.Kind, object.Template)
	}
	decoded := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(object.YAML, &decoded.Object); err != nil {
		return fmt.Errorf("reading %s: %w", object.Template, err)
	}
	var client dynamic.ResourceInterface = c.objects.Resource(resource)
	if decoded.GetNamespace() != "" {
		client = c.objects.Resource(resource).Namespace(decoded.GetNamespace())
	}
	if _, err := client.Create(ctx, decoded, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating %s: %w", object.Template, err)
	}
	return nil
}
