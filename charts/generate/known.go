package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// knownFile makes the template of what the server knows of policies, so that the chart can refuse one that the server would
// refuse: the built-in profiles with the probes that rules get from each, and what a handler looks like; and the chart's own
// policy, which nobody has to check again.
func knownFile(values []value, _ []byte) ([]byte, error) {
	known, err := catalogue.BuiltIn()
	if err != nil {
		return nil, err
	}
	builtIn := map[string][]probe.Kind{}
	for i := range known.Profiles {
		builtIn[known.Profiles[i].Name] = offeredToRules(&known.Profiles[i])
	}
	own := map[string]any{}
	for _, v := range values {
		if v.name == "policy" {
			own, _ = v.fallback.(map[string]any)
		}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(map[string]any{"profiles": builtIn, "handler": annotation.ProfileHandlerPattern, "policy": own}); err != nil {
		return nil, fmt.Errorf("writing what is known: %w", err)
	}
	return fmt.Appendf(nil, `{{/*
What the server knows of policies, as JSON: the built-in profiles with the probes that rules get from each, what a handler
looks like, and the chart's own policy. Generated from policy/catalogue, policy/annotation and values.yaml by go run
./charts/generate: change it there.
*/}}
{{- define "probe-injector.known" -}}
%s
{{- end -}}
`, bytes.TrimSpace(text.Bytes())), nil
}

// offeredToRules are the probes that a rule gets from a profile.
func offeredToRules(p *v1alpha1.Profile) []probe.Kind {
	offered := []probe.Kind{}
	for _, kind := range []probe.Kind{probe.Readiness, probe.Liveness} {
		if p.WithholdsFromRules(kind) == "" {
			offered = append(offered, kind)
		}
	}
	return offered
}
