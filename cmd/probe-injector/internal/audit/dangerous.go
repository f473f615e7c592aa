package audit

import (
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
)

// danger is a lint rule that applies to a probe of a container.
type danger struct {
	rule      lint.ID
	severity  lint.Severity
	container string
	kind      probe.Kind
	message   string
}

// judgeDanger applies the lint rules to the Pod's probes. What is only worth knowing is left to lint, and so is what is not
// there: it can harm nobody.
func (a *Auditor) judgeDanger(j *judged) {
	for _, f := range a.options.Policy.Lint(j.view) {
		if f.Severity == lint.Info || f.Absent {
			continue
		}
		if j.row.danger == nil {
			j.row.danger = map[danger]int{}
		}
		j.row.danger[danger{f.Rule, f.Severity, f.Container, f.Kind, f.Message}]++
	}
}
