package main

import (
	"path"
	"regexp"
	"strings"

	"github.com/probe-injector/probe-injector/policy/lint"
)

func rulesPage(string) (string, error) {
	d := newDocument("Lint rules",
		`For everybody who reads a finding or reviews probes: what each rule finds and why. The rules judge written and injected probes
alike, in their final state. Injected probes have no errors or warnings by themselves; if a key leads to one, a warning says so. Nothing is ever changed or refused because of a finding.
[examples/mistakes](../examples/mistakes) shows the five most common ones.`,
		"`policy/lint`")
	d.table([]string{"severity", "means", "who sees it"}, [][]string{
		{code(string(lint.Error)), "the API server refuses it, or it cannot work", "whoever creates a Pod that opts in, as a warning"},
		{code(string(lint.Warning)), "it kills healthy containers, or hides sick ones", "whoever creates a Pod that opts in, as a warning"},
		{code(string(lint.Info)), "worth knowing", "readers of " + code("probe-injector explain") + " and " + code("lint --notes")},
	})
	d.paragraph(`A duration is compared in the same way as the kubelet counts: a probe that always fails acts, at the earliest, after
` + code("initialDelaySeconds + (failureThreshold - 1) × periodSeconds") + `. Words in *italics* stand for the details of the case.
Fields that are not written count with the defaults of the API: ` + code("periodSeconds: 10") + `, ` + code("timeoutSeconds: 1") + `,
` + code("failureThreshold: 3") + `, ` + code("successThreshold: 1") + `.`)
	var rows [][]string
	for _, rule := range lint.Rules() {
		rows = append(rows, []string{
			anchor(string(rule.ID)) + code(string(rule.ID)), code(string(rule.Severity)), rule.Summary, withPlaceholders(rule.Message),
			rule.Rationale, links(rule.Sources[:]),
		})
	}
	d.table([]string{"rule", "severity", "what is found", "message", "why", "source"}, rows)
	return d.String(), nil
}

// withPlaceholders sets the words that stand for details in italics.
func withPlaceholders(message string) string {
	return regexp.MustCompile(`\{([a-z]+)\}`).ReplaceAllString(message, "*$1*")
}

// links names each source so that it can be told from the others.
func links(sources []string) string {
	var all []string
	for _, source := range sources {
		if source != "" {
			all = append(all, "["+label(source)+"]("+source+")")
		}
	}
	return strings.Join(all, ", ")
}

// label is an issue as people cite it, a source file by its name, and anything else by its host.
func label(source string) string {
	parts := strings.Split(strings.TrimPrefix(source, "https://"), "/")
	switch {
	case len(parts) == 5 && parts[3] == "issues":
		return parts[2] + "#" + parts[4]
	case len(parts) > 5 && parts[3] == "blob":
		return path.Base(source)
	}
	return strings.TrimPrefix(parts[0], "www.")
}
