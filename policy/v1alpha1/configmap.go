package v1alpha1

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// ConfigMapKey is the key under which a ConfigMap holds the policy, unless it has only one key.
const ConfigMapKey = "policy.yaml"

// CheckEntries refuses the entries of a ConfigMap of which more than one holds a ProbePolicy: which of them is meant
// cannot be known. The error names their keys.
func CheckEntries(entries map[string]string) error {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if HoldsPolicy([]byte(entries[key])) {
			keys = append(keys, key)
		}
	}
	if len(keys) > 1 {
		return fmt.Errorf("only one key may hold a %s, not %s", Kind, strings.Join(keys, " and "))
	}
	return nil
}

// HoldsPolicy reports whether one of the documents of a text is a ProbePolicy, be it valid or not.
func HoldsPolicy(text []byte) bool {
	documents, err := Documents(text)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(documents, func(document []byte) bool {
		var object struct {
			Kind string `json:"kind"`
		}
		return yaml.Unmarshal(document, &object) == nil && object.Kind == Kind
	})
}
