package permissions_test

import (
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/probe-injector/probe-injector/test/permissions"
)

// That they suffice is shown by the tests of certs/selfmanaged on a real API server, whose replicas may do nothing else.
func TestPermissionsAreLimitedToNames(t *testing.T) {
	p := permissions.Required("tls", []string{"a", "b"})
	for _, rule := range append(slices.Clone(p.Role), p.ClusterRole...) {
		if len(rule.ResourceNames) == 0 {
			t.Errorf("%v is not limited to names", rule)
		}
		for _, verb := range rule.Verbs {
			if !slices.Contains([]string{"list", "watch", "patch"}, verb) {
				t.Errorf("the verb %s is more than is needed", verb)
			}
		}
		if slices.Contains(rule.Resources, rbacv1.ResourceAll) || slices.Contains(rule.APIGroups, rbacv1.APIGroupAll) {
			t.Errorf("%v names no resource", rule)
		}
	}
}
