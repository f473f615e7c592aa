package chart_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/probe-injector/probe-injector/test/permissions"
)

// TestPermissionsAreExactlyWhatTheCodeNeeds: neither more nor less, for the names of every release.
func TestPermissionsAreExactlyWhatTheCodeNeeds(t *testing.T) {
	for name, values := range map[string]string{
		"the default":                    `{}`,
		"other names":                    `{fullnameOverride: other, webhook: {configurationName: 1-other}, preflight: {configurationName: other}, serviceAccount: {name: somebody}}`,
		"a Secret that may be recreated": `{rbac: {recreateSecret: true}}`,
		"nobody is told anything":        `{preflight: {enabled: false}}`,
	} {
		t.Run(name, func(t *testing.T) {
			rendered := renderAll(t, values)
			pod := podOf(t, rendered)
			secret, _ := argument(pod, "tls-secret")
			configuration, _ := argument(pod, "webhook-configurations")
			want := permissions.Required(secret, []string{configuration})
			if preflight, ok := argument(pod, "preflight-configurations"); ok {
				want.ClusterRole = append(want.ClusterRole, permissions.Preflight([]string{preflight}))
			}
			if name == "a Secret that may be recreated" {
				want.Role = append(want.Role, permissions.Recreate())
			}
			role, clusterRole := &rbacv1.Role{}, &rbacv1.ClusterRole{}
			roleBinding, clusterRoleBinding := &rbacv1.RoleBinding{}, &rbacv1.ClusterRoleBinding{}
			for kind, into := range map[string]any{
				"Role": role, "ClusterRole": clusterRole, "RoleBinding": roleBinding, "ClusterRoleBinding": clusterRoleBinding,
			} {
				if err := rendered.Only(kind, into); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, permissions.Rules{Role: role.Rules, ClusterRole: clusterRole.Rules}); diff != "" {
				t.Errorf("code - chart +:\n%s", diff)
			}
			account := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: pod.ServiceAccountName, Namespace: "probe-injector"}}
			if diff := cmp.Diff([][]rbacv1.Subject{account, account}, [][]rbacv1.Subject{roleBinding.Subjects, clusterRoleBinding.Subjects}); diff != "" {
				t.Errorf("who is bound: want - got +:\n%s", diff)
			}
			if roleBinding.RoleRef.Name != role.Name || clusterRoleBinding.RoleRef.Name != clusterRole.Name {
				t.Errorf("bound to %s and %s", roleBinding.RoleRef.Name, clusterRoleBinding.RoleRef.Name)
			}
			if token := pod.AutomountServiceAccountToken; token == nil || !*token {
				t.Error("the Pod has no token to use them with")
			}
		})
	}
}
