package main

import (
	"fmt"
	"strconv"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
)

func timingClassesPage(string) (string, error) {
	d := newDocument("Timing classes",
		`For everybody: which numbers a probe gets, and what they guarantee. A class says how software of one
kind usually starts and answers; every number of a probe is derived from that. Annotations and profiles replace single
figures of the class before the derivation, or single numbers after it (see [annotations.md](annotations.md)), and
`+code("probe-injector explain")+` shows the result for your workload with a sentence for each number.`,
		"`policy/timing`")
	d.paragraph("The numbers are an API: a release that changes one says so in the CHANGELOG, under \"Probes that change\". [numbers.txt](numbers.txt) has all of them for programs, also those of probes by a command.")
	d.heading("The classes")
	d.table([]string{"class", "for", "usual start", "startup budget", "restart after", "unready after"}, classRows())
	d.paragraph("A container of which nothing is known is " + code(timing.DefaultClassName) + `. A CPU limit below one core stretches the usual start and the budget,
at most four times, for the classes that are marked with ×: their start is mostly computation.`)

	for _, style := range styles() {
		d.heading("Style " + string(style))
		d.paragraph(aboutStyle(style))
		header, rows, err := derivedRows(style)
		if err != nil {
			return "", err
		}
		d.table(header, rows)
		promises, rows, err := promiseRows(style)
		if err != nil {
			return "", err
		}
		d.table(promises, rows)
	}
	d.heading("What the promises mean")
	d.paragraph(`- **Never killed before**: counted from the start of a container that never answers, on a first start and after a kill by
  the probe; one that answers has passed the startup probe. When
  a container exits by itself while it is starting, the kubelet keeps counting failures
  ([kubernetes#53530](https://github.com/kubernetes/kubernetes/issues/53530)): then at most one early restart per budget.
- **Restart begins after**: a silence up to the first figure never restarts a container that was answering; one that lasts
  is acted upon at the latest after the second. The container then has its grace period to end, and starts again after the
  kubelet's back-off.
- **Out of rotation within**: no new traffic after this long without an answer.
- A bare TCP connection finds a closed port, not a process that hangs with its port open.`)
	return d.String(), nil
}

func aboutStyle(style timing.Style) string {
	if style == timing.StyleStartupProbe {
		return `The default. A startup probe waits until the container has started, for as long as the budget; liveness begins only then.
A larger budget costs no healthy container anything. Cells are
` + code("initialDelaySeconds / periodSeconds / timeoutSeconds / failureThreshold") + `, for probes over the network.`
	}
	return `No startup probe: liveness itself waits until the budget is over, and sees nothing until then, at every start. Cells as
above.`
}

func classRows() [][]string {
	var rows [][]string
	for _, class := range timing.Classes() {
		name := code(class.Name)
		if class.SlowedByCPULimit {
			name += " ×"
		}
		rows = append(rows, []string{
			name, class.Summary, duration(class.TypicalStart), duration(class.StartupBudget),
			duration(class.RestartAfter), duration(class.UnreadyAfter),
		})
	}
	return rows
}

// derivedRows are the numbers of each class in a style.
func derivedRows(style timing.Style) (header []string, rows [][]string, err error) {
	header = []string{"class"}
	for _, class := range timing.Classes() {
		n, err := derive(class, style, overNetwork)
		if err != nil {
			return nil, nil, err
		}
		row := []string{code(class.Name)}
		for _, kind := range n.kinds() {
			if len(rows) == 0 {
				header = append(header, string(kind))
			}
			t := n.times[kind]
			row = append(row, fmt.Sprintf("%d / %d / %d / %d", t.InitialDelaySeconds, t.PeriodSeconds, t.TimeoutSeconds, t.FailureThreshold))
		}
		rows = append(rows, row)
	}
	return header, rows, nil
}

// promiseRows are what those numbers guarantee.
func promiseRows(style timing.Style) (header []string, rows [][]string, err error) {
	header = []string{"class", "never killed before", "restart begins after", "out of rotation within", "added to each start, at most"}
	for _, class := range timing.Classes() {
		n, err := derive(class, style, overNetwork)
		if err != nil {
			return nil, nil, err
		}
		live, ready := n.times[probe.Liveness], n.times[probe.Readiness]
		guard, guarded := n.times[probe.Startup]
		first := guard
		if !guarded {
			guard, first = live, ready
		}
		rows = append(rows, []string{
			code(class.Name),
			seconds(guard.EarliestAct()),
			fmt.Sprintf("%d to %s", live.Tolerance(), seconds(live.Detection())),
			seconds(ready.Detection()),
			seconds(first.LatestProbe()),
		})
	}
	return header, rows, nil
}

func seconds(n int32) string { return strconv.Itoa(int(n)) + " s" }
