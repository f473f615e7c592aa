package policyfile

import (
	"fmt"
	"maps"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// registrationValues are the chart's values that say which Pods reach the webhook, and what else they get.
type registrationValues struct {
	ExcludedNamespaces []string `json:"excludedNamespaces"`
	InjectedLabel      bool     `json:"injectedLabel"`
	Webhook            struct {
		RequireLabel bool `json:"requireLabel"`
	} `json:"webhook"`
}

// inValues makes the ProbePolicy that the chart would make of these values: laid over the chart's own, as Helm does.
func inValues(values map[string]any) (*finding, error) {
	var defaults map[string]any
	if err := yaml.Unmarshal([]byte(chartDefault), &defaults); err != nil {
		return nil, fmt.Errorf("cannot read the chart's own policy: %w", err)
	}
	own, isMap := values[valuesField].(map[string]any)
	if !isMap && values[valuesField] != nil {
		return nil, fmt.Errorf("%s: must be a mapping, the spec of a ProbePolicy", valuesField)
	}
	document, err := yaml.Marshal(map[string]any{
		"apiVersion": v1alpha1.APIVersion,
		"kind":       v1alpha1.Kind,
		specField:    overlay(defaults[specField].(map[string]any), own),
	})
	if err != nil {
		return nil, fmt.Errorf("cannot write the policy of the values: %w", err)
	}
	registration, err := registrationOf(values)
	if err != nil {
		return nil, err
	}
	return &finding{policy: document, place: valuesField, root: valuesField, registration: registration}, nil
}

// overlay merges as Helm does: mappings member by member, everything else is replaced as a whole, and null takes a
// default away.
func overlay(defaults, own map[string]any) map[string]any {
	merged := make(map[string]any, len(defaults))
	maps.Copy(merged, defaults)
	for name, value := range own {
		below, defaultIsMap := merged[name].(map[string]any)
		above, ownIsMap := value.(map[string]any)
		switch {
		case value == nil:
			delete(merged, name)
		case defaultIsMap && ownIsMap:
			merged[name] = overlay(below, above)
		default:
			merged[name] = value
		}
	}
	return merged
}

// registrationOf reads what else the values say. The chart checks values by its schema; here only what is used counts.
func registrationOf(values map[string]any) (Registration, error) {
	text, err := yaml.Marshal(values)
	if err != nil {
		return Registration{}, fmt.Errorf("cannot write the values: %w", err)
	}
	var read registrationValues
	if err := yaml.Unmarshal(text, &read); err != nil {
		return Registration{}, fmt.Errorf("excludedNamespaces must be a list of names, webhook.requireLabel and injectedLabel true or false: %w", err)
	}
	return Registration{
		ExcludedNamespaces: read.ExcludedNamespaces, RequireLabel: read.Webhook.RequireLabel, InjectedLabel: read.InjectedLabel,
	}, nil
}
