package explanation

import (
	"fmt"
	"strings"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// stretch is what happens up to a point in time, in seconds from the beginning of a row.
type stretch struct {
	until   int32
	caption string
}

// row is one line of the timeline: what happens after an event.
type row struct {
	event     string
	stretches []stretch
}

// rows are the timeline of a container: its start, and what follows when it falls silent.
func rows(probes []Probe) []row {
	var all []row
	for i := range probes {
		g, silent := probes[i].Guarantee, "it falls silent"
		if g.Detects == policy.DetectsClosedPort {
			silent = "its port closes"
		}
		if g.KillBy > 0 {
			all = append(all, row{"it starts", []stretch{
				{g.KillNotBeforeAfterCrash, "no probe"}, {g.KillNotBefore, "nothing kills it"}, {g.KillBy, "killed if silent"},
			}})
		}
		switch probes[i].Field {
		case probe.Readiness.FieldName():
			all = append(all, row{silent, []stretch{{g.Tolerance, "still gets traffic"}, {g.Detection, "loses traffic"}}})
		case probe.Liveness.FieldName():
			all = append(all, row{silent, []stretch{{g.Tolerance, "never restarted"}, {g.Detection, "restarted"}}})
		}
	}
	return all
}

// timeline draws the rows: the points in time, and below them what happens between. Its lengths are not to scale, or a
// start of an hour would leave no room for a silence of seconds.
func (p *printer) timeline(probes []Probe) {
	const eventColumn = 17
	for _, r := range rows(probes) {
		marks, bar, from := "0 s", "|", int32(0)
		for _, s := range r.stretches {
			if s.until == from {
				continue
			}
			mark := fmt.Sprintf("%d s", s.until)
			bar += " " + s.caption + " "
			bar += strings.Repeat(" ", max(0, len(marks)+1-len(bar))) + "|"
			marks += strings.Repeat(" ", len(bar)-1-len(marks)) + mark
			from = s.until
		}
		p.Line(fmt.Sprintf("  %-*s%s", eventColumn, r.event, marks))
		p.Line(fmt.Sprintf("  %-*s%s", eventColumn, "", bar))
	}
}
