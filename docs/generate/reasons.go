package main

import (
	"strings"

	"github.com/probe-injector/probe-injector/policy/reason"
)

func reasonsPage(string) (string, error) {
	d := newDocument("Reasons",
		`For everybody who sees one of these words and wonders. Whatever was asked for and not injected has one reason from
this closed set. The same word stands in the Pod's status annotation, in warnings, in the label of
`+code("probe_injector_skips_total")+`, in the audit log, in the webhook's log and in the output of
`+code("probe-injector explain")+`.`,
		"`policy/reason`")
	var rows [][]string
	for _, r := range reason.Table() {
		warned := "yes"
		if r.Silent {
			warned = "no"
		}
		remedy := r.RemedyFor("")
		if remedy == "" {
			remedy = "–"
		}
		rows = append(rows, []string{anchor(string(r.Reason)) + code(string(r.Reason)), strings.ReplaceAll(r.Fact, "%s", "…"), remedy, warned})
	}
	d.table([]string{"reason", "what happened", "to change it", "warning"}, rows)
	d.paragraph(`"Warning" tells whether whoever creates the Pod is warned, if its annotations asked. The others happen because somebody
wanted them, or concern Pods that never asked.`)
	return d.String(), nil
}
