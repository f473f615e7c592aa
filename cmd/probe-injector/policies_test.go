package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
)

// Each command reads policies by one reader, so that none takes what another refuses.
func TestEachCommandTakesTheSamePolicies(t *testing.T) {
	const head = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\n"
	configMap := func(keys ...string) string {
		text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pi}\ndata:\n"
		for _, key := range keys {
			text += "  " + key + ": |\n    " + strings.ReplaceAll(strings.TrimSpace(head), "\n", "\n    ") + "\n"
		}
		return text
	}
	cases := map[string]struct {
		text string
		want []string
	}{
		"a policy":                                {text: head},
		"one key":                                 {text: configMap("policy.yaml")},
		"one key of another name":                 {text: configMap("mine")},
		"one key of another name, in a stream":    {text: configMap("mine") + "---\nkind: Service\n"},
		"one key beside another that is none":     {text: configMap("policy.yaml") + "  notes: x\n"},
		"two keys":                                {configMap("policy.yaml", "old.yaml"), []string{"ConfigMap pi: only one key may hold a ProbePolicy, not old.yaml and policy.yaml"}},
		"two keys, none of which is the chart's":  {configMap("b", "a"), []string{"not a and b"}},
		"two keys, in a stream":                   {configMap("b", "a") + "---\nkind: Service\n", []string{"not a and b"}},
		"two documents":                           {head + "---\n" + head, []string{"document 1 (ProbePolicy)", "document 2 (ProbePolicy)"}},
		"a policy and a ConfigMap with one":       {head + "---\n" + configMap("a"), []string{"document 1 (ProbePolicy)", "document 2 (ConfigMap pi)"}},
		"a policy and values with one":            {head + "---\npolicy: {}\n", []string{"document 1 (ProbePolicy)", "document 2 (values)"}},
		"two documents in one key":                {configMap("a") + "    ---\n    kind: ProbePolicy\n", []string{"data[a]", "holds one document, this one holds 2"}},
		"a document that ends before its content": {head + "...\nspec: {mode: Audit}\n", []string{`the line "..." ends the document`}},
	}
	podFile := fileWith(t, "pod.yaml", pod)
	commands := map[string][]string{
		"validate": {"policy", "validate", "-"},
		"profiles": {"profiles", "--policy", "-"},
		"explain":  {"explain", "-f", podFile, "--policy", "-"},
	}
	for name, c := range cases {
		for verb, args := range commands {
			t.Run(name+"/"+verb, func(t *testing.T) {
				var out, problems bytes.Buffer
				code := run(append([]string{"probe-injector"}, args...), "v0.1.0", streams{strings.NewReader(c.text), &out, &problems})
				if refused := code != int(exit.Fine); refused != (c.want != nil) {
					t.Errorf("exit code %d", code)
				}
				for _, want := range c.want {
					if !strings.Contains(problems.String(), want) {
						t.Errorf("stderr lacks %q:\n%s", want, problems.String())
					}
				}
			})
		}
	}
}
