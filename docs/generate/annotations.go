package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

func annotationsPage(string) (string, error) {
	d := newDocument("Annotations",
		`For everybody who wants probes on a workload: every annotation, its values and its bounds. Annotations belong **on the Pod**: in
`+code("spec.template.metadata.annotations")+` of a Deployment, not in its own `+code("metadata")+`. Values are strings,
so quote what YAML would read as something else: `+code(`"true"`)+`, `+code(`"30s"`)+`, `+code(`"6"`)+`. Before you apply,
`+code("probe-injector explain -f deployment.yaml")+` says what you will get and why; afterwards
`+code(annotation.StatusKey)+` on the Pod does.`,
		"`policy/annotation` and `policy/timing`")

	d.heading("Words")
	d.paragraph("Each key is `" + annotation.Domain + "/` and a word.")
	var rows [][]string
	for _, word := range annotation.Reference() {
		rows = append(rows, []string{code(string(word.Word)), word.Values, code(annotation.Key("", string(word.Word)) + ": " + word.Example), word.Meaning})
	}
	d.table([]string{"word", "value", "example", "meaning"}, rows)

	d.heading("Durations")
	d.paragraph(`A duration is whole seconds, written as in Go (` + code("90s") + `, ` + code("2m") + `, ` + code("1h30m") + `) or as a bare number.
A figure outside of its bounds is rejected with a message, never changed to fit. The policy's ` + code("maxStartupBudget") + `
(one hour unless the admin says otherwise) bounds ` + code("startup-budget") + ` further.`)
	rows = nil
	for _, input := range []timing.Input{timing.StartupBudget, timing.RestartAfter, timing.UnreadyAfter} {
		bounds := timing.InputBounds(input)
		rows = append(rows, []string{code(string(input)), duration(bounds.Min), duration(bounds.Max), bounds.Why})
	}
	d.table([]string{"word", "at least", "at most", "why not less"}, rows)

	d.heading("Fields of Kubernetes")
	d.paragraph(`Any field of a probe can be set by its own name: the probe's word, a dot and the field, for example
` + code(annotation.Key("", "readiness.failureThreshold")+`: "6"`) + `. The derived numbers adapt to it. Two of your figures
that contradict each other are an error. Fields in seconds may be written as durations.`)
	d.table(fieldHeader(), fieldRows())

	d.heading("One container of several")
	d.paragraph(`A key means the main container: the one that ` + code("kubectl.kubernetes.io/default-container") + ` names; else the only
one that declares the port which the key names; else the only one that is no known sidecar, or that is the first of them and
alone declares a TCP port. Sidecars are known by their name or their image ([profiles.md](profiles.md)); a container without
ports does not lose a key to a sidecar that has one. If several could be meant, readiness goes to the first of them, as
kubectl does, and a warning says so; liveness and startup are not injected for that key.`)
	d.paragraph(`To mean another container, or to be sure, put its name and a dot in front of the domain:`)
	d.paragraph("```yaml\n" + annotation.Key("nginx", "liveness") + ": tcp:80\n" + annotation.Key("log-shipper", "inject") + ": \"false\"\n```")
	d.paragraph(`A container's own key wins over one without a name. Native sidecars (init containers with
` + code("restartPolicy: Always") + `) are reached only by their name.`)

	d.paragraph(`A path without a port (` + code("/healthz") + `) goes to the only TCP port; of several to the one for health (named
` + code("healthz") + `, ` + code("probe") + `, ` + code("ready") + `, ` + code("management") + `, …), else to the one that serves (` + code("http") + `, ` + code("web") + `, …), never to one for metrics
beside it. If several ports remain possible, nothing is injected: write ` + code("http:PORT/PATH") + `.`)

	d.heading("What opts a Pod in")
	d.paragraph(`- ` + code(string(annotation.Inject)+`: "true"`) + ` and ` + code(string(annotation.Profile)) + ` request liveness and readiness; a probe's own word requests that probe.
- A liveness probe that is injected brings a startup probe along, so that a slow start is not a failure.
- Durations, fields and ` + code(string(annotation.HostHeader)) + ` alone request nothing.
- A probe that is written in the manifest always stays as it is.
- If a key is wrong, no liveness and no startup probe is injected into any container that it might apply to. Readiness
  still is, if its own keys are right.
- ` + code(annotation.StatusKey) + ` is written by the webhook; what you write there is overwritten.`)
	d.paragraph("Which layer wins in every case: [decision-table.md](decision-table.md). Why something was not injected: [reasons.md](reasons.md).")
	return d.String(), nil
}

func fieldHeader() []string {
	header := []string{"field"}
	for _, kind := range probe.Kinds() {
		header = append(header, string(kind))
	}
	return header
}

func fieldRows() [][]string {
	var rows [][]string
	for _, name := range probe.Fields() {
		row := []string{code(string(name))}
		for _, kind := range probe.Kinds() {
			bounds, ok := timing.FieldBounds(kind, name)
			switch {
			case !ok:
				row = append(row, "–")
			case bounds.Min == bounds.Max:
				row = append(row, strconv.Itoa(int(bounds.Min)))
			default:
				row = append(row, fmt.Sprintf("%d to %d", bounds.Min, bounds.Max))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// duration writes seconds as a person would in an annotation.
func duration(seconds int32) string {
	text := (time.Duration(seconds) * time.Second).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
