// Package permissions has the permissions that the package certs/selfmanaged needs. The tests of that package run with
// nothing else, and those of the chart compare its roles with them.
package permissions

import (
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

// Rules are what the server's ServiceAccount may do, by the kind of role that grants it.
type Rules struct {
	// Role is for the namespace of the Secret.
	Role []rbacv1.PolicyRule
	// ClusterRole is for the whole cluster, since webhook configurations have no namespace.
	ClusterRole []rbacv1.PolicyRule
}

// Required are all that the server needs, and nothing beyond: three verbs on the objects of these names.
// It never reads an object in any other way than by list and watch with the field selector metadata.name, which RBAC
// by name allows.
func Required(secretName string, configurationNames []string) Rules {
	verbs := []string{"list", "watch", "patch"}
	return Rules{
		Role: []rbacv1.PolicyRule{{
			APIGroups: []string{corev1.GroupName}, Resources: []string{"secrets"},
			ResourceNames: []string{secretName}, Verbs: verbs,
		}},
		ClusterRole: []rbacv1.PolicyRule{{
			APIGroups: []string{admissionregistrationv1.GroupName}, Resources: []string{"mutatingwebhookconfigurations"},
			ResourceNames: configurationNames, Verbs: verbs,
		}},
	}
}

// Recreate lets the server make the Secret again after somebody deleted it. RBAC cannot limit it to a name:
// whoever has it may create any Secret in the namespace, though not read it. Without it the server goes on with what
// is in its memory, until whoever installed it puts the empty Secret back.
func Recreate() rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{corev1.GroupName}, Resources: []string{"secrets"}, Verbs: []string{"create"}}
}

// Preflight is for the configurations that tell people what is wrong with workloads, where there are any.
func Preflight(configurationNames []string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{
		APIGroups: []string{admissionregistrationv1.GroupName}, Resources: []string{"validatingwebhookconfigurations"},
		ResourceNames: configurationNames, Verbs: []string{"list", "watch", "patch"},
	}
}
