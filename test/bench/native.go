package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// installNative makes the API server itself apply a JSON patch to all Pods of the selected namespaces, by a
// MutatingAdmissionPolicy.
func installNative(ctx context.Context, kube kubernetes.Interface, patch []byte, namespaces *metav1.LabelSelector) error {
	expression, err := celOfPatch(patch)
	if err != nil {
		return err
	}
	const name = "bench-native"
	policy := &admissionregistrationv1.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionregistrationv1.MutatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{
				ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{RuleWithOperations: podCreation()}},
			},
			Mutations: []admissionregistrationv1.Mutation{{
				PatchType: admissionregistrationv1.PatchTypeJSONPatch,
				JSONPatch: &admissionregistrationv1.JSONPatch{Expression: expression},
			}},
			ReinvocationPolicy: admissionregistrationv1.NeverReinvocationPolicy,
		},
	}
	client := kube.AdmissionregistrationV1()
	if _, err := client.MutatingAdmissionPolicies().Create(ctx, policy, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating the MutatingAdmissionPolicy: %w", err)
	}
	binding := &admissionregistrationv1.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionregistrationv1.MutatingAdmissionPolicyBindingSpec{
			PolicyName:     name,
			MatchResources: &admissionregistrationv1.MatchResources{NamespaceSelector: namespaces},
		},
	}
	if _, err := client.MutatingAdmissionPolicyBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("binding the MutatingAdmissionPolicy: %w", err)
	}
	return nil
}

// podCreation is the rule of our entries, for policies.
func podCreation() admissionregistrationv1.RuleWithOperations {
	return admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
		Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
	}
}

// celOfPatch writes a JSON patch of constant "add" operations in CEL.
func celOfPatch(patch []byte) (string, error) {
	var operations []struct {
		Op, Path string
		Value    any
	}
	if err := json.Unmarshal(patch, &operations); err != nil {
		return "", fmt.Errorf("reading the patch: %w", err)
	}
	expressions := make([]string, 0, len(operations))
	for _, operation := range operations {
		if operation.Op != "add" {
			return "", fmt.Errorf("the patch holds the operation %q, not only add", operation.Op)
		}
		value, err := celOf(operation.Value)
		if err != nil {
			return "", err
		}
		expressions = append(expressions, fmt.Sprintf(`JSONPatch{op: "add", path: %s, value: %s}`, strconv.Quote(operation.Path), value))
	}
	return "[" + strings.Join(expressions, ", ") + "]", nil
}

// celOf writes a value that came from JSON in CEL. CEL wants all members of a literal to be of one type, unless they
// are called dynamic.
func celOf(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return strconv.Quote(value), nil
	case bool:
		return strconv.FormatBool(value), nil
	case float64:
		return strconv.FormatInt(int64(value), 10), nil
	case map[string]any:
		members := make([]string, 0, len(value))
		for _, key := range slices.Sorted(maps.Keys(value)) {
			member, err := celOf(value[key])
			if err != nil {
				return "", err
			}
			members = append(members, fmt.Sprintf("%s: dyn(%s)", strconv.Quote(key), member))
		}
		return "{" + strings.Join(members, ", ") + "}", nil
	default:
		return "", fmt.Errorf("no probe that we add has a %T in it", value)
	}
}
