package main

import (
	"encoding/json"
	"fmt"
)

// defaultsFile makes the template that completes values: Helm leaves out what somebody set to null, and with
// --reuse-values everything that the installed chart did not have yet.
func defaultsFile(values []value, _ []byte) ([]byte, error) {
	text, err := json.MarshalIndent(fallbacks(values), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the defaults: %w", err)
	}
	return fmt.Appendf(nil, `{{/*
What stands for a value that is absent, as JSON. Generated from values.yaml by go run ./charts/generate: change it there.
A list or an object of Kubernetes is empty then, whatever its default: who sets it to null wants none.
*/}}
{{- define "probe-injector.defaults" -}}
%s
{{- end -}}
`, text), nil
}

// fallbacks are the defaults of values by their names.
func fallbacks(values []value) map[string]any {
	all := map[string]any{}
	for _, v := range values {
		all[v.name] = v.whenAbsent()
	}
	return all
}

// whenAbsent is the default of a value, or nothing where nothing is meant by its absence.
func (v value) whenAbsent() any {
	if len(v.members) > 0 && !isOpaque(v.path) {
		return fallbacks(v.members)
	}
	switch fallback := v.fallback.(type) {
	case map[string]any:
		return map[string]any{}
	case []any:
		if limits()[v.path]["minItems"] == nil {
			return []any{}
		}
		return fallback
	default:
		return fallback
	}
}
