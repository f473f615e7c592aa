package main

import (
	"strings"

	"github.com/probe-injector/probe-injector/policy/reason"
)

func reasonsPage(string) (string, error) {
	d := newDocument("Reasons",
		`For everybody who sees one of these words in a status or a warning: what it means and what changes it. Each requested probe
that is not injected has one reason from this closed set.`,
		"`policy/reason`")
	var rows [][]string
	for _, r := range reason.Table() {
		rows = append(rows, reasonRow(&r, r.Shows()))
	}
	d.table([]string{"reason", "what happened", "to change it", "warning", "status", "audit", "metric", "log", "explain", "lint"}, rows)
	d.paragraph(`Where a word shows, which a test holds for each: **warning**, its sentence to whoever creates the Pod, or applies the workload, if
its annotations opt in; **status**, the annotation ` + code("probe-injector.dev/status") + ` of the Pod, where a container gets nothing, or
not what it requested; **audit**, the API server's audit annotation ` + code("reasons") + `; **metric**, the label of
` + code("probe_injector_skips_total") + `; **log**, the webhook's log; ` + code("probe-injector explain") + `; and ` + code("probe-injector lint --notes") + `.`)
	d.paragraph(code("opted_out") + ` shows where ` + code(`inject: "false"`) + ` is written for one container. A Pod that says it as a whole is never sent to the
webhook: it has no status, and ` + code("explain") + ` says so. The status of a Pod with ` + code("invalid_annotation") + ` says the first mistake;
all of them: ` + code("kubectl -n NAMESPACE get pod NAME -o yaml | probe-injector explain -f -") + `. Behind ` + code("low_confidence") + ` the status says
which confidence the ports reach, and the admin's setting: ` + code("low_confidence (low, policy.confidence.readiness is medium)") + `.`)
	d.heading("Pods without a status")
	d.paragraph(`The webhook has not answered for these. ` + code("probe-injector explain TYPE/NAME") + ` says which it is.`)
	rows = nil
	for _, r := range reason.Unanswered() {
		rows = append(rows, reasonRow(&r, reason.Places{})[:3])
	}
	d.table([]string{"reason", "what happened", "to change it"}, rows)
	return d.String(), nil
}

// reasonRow describes one reason.
func reasonRow(r *reason.Description, shows reason.Places) []string {
	remedy := r.RemedyFor("")
	if remedy == "" {
		remedy = "–"
	}
	fact := strings.ReplaceAll(r.Fact, "%s", "…")
	if fact == "…" {
		fact = "the namespace, the policy or the webhook's configuration leaves it out"
	}
	row := []string{code(string(r.Reason)), fact, remedy}
	for _, shown := range []bool{shows.Warning, shows.Status, shows.Audit, shows.Metric, shows.Log, shows.Explain, shows.Lint} {
		mark := "–"
		if shown {
			mark = "yes"
		}
		row = append(row, mark)
	}
	return row
}
