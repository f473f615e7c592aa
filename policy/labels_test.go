package policy_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy"
)

func TestALabelThatShouldBeAnAnnotationIsToldOf(t *testing.T) {
	engine := policy.Default("v0.0.0")
	for name, row := range map[string]struct{ label, says string }{
		"a handler as a label":                      {"probe-injector.dev/liveness", "label probe-injector.dev/liveness has no effect: write it as an annotation"},
		"a container's own key":                     {"web.probe-injector.dev/startup", "label web.probe-injector.dev/startup has no effect"},
		"the label by which the chart selects Pods": {"probe-injector.dev/inject", ""},
		"the label that says what was injected":     {policy.InjectedLabel, ""},
		"the label of the webhook's own Pods":       {"probe-injector.dev/component", ""},
		"the label of another":                      {"app.kubernetes.io/name", ""},
	} {
		t.Run(name, func(t *testing.T) {
			pod := podWith(map[string]string{"probe-injector.dev/readiness": "/ready"}, web())
			pod.Metadata.Labels = map[string]string{row.label: "true"}
			d := engine.Decide(policy.Subject{Pod: pod})
			said := strings.Join(d.Warnings, "\n")
			if !strings.Contains(said, row.says) || (row.says == "" && strings.Contains(said, "label")) {
				t.Errorf("warnings %q", d.Warnings)
			}
			if len(d.Injections) != 1 {
				t.Errorf("%d probes; a label costs none", len(d.Injections))
			}
		})
	}
}
