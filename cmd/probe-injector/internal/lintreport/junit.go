package lintreport

import (
	"fmt"
	"io"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/junit"
)

// JUnit writes a test case for each finding, which fails from --fail-on on, and one that passes for each workload without
// findings. What could not be read is a case that fails.
func (r *Report) JUnit(to io.Writer) error {
	suite := junit.Suite{Name: "probe-injector lint"}
	with := map[finding.Workload]bool{}
	for i := range r.Findings {
		f := &r.Findings[i]
		with[f.Workload] = true
		line := fmt.Sprintf("%s: %s: %s", f.Position, f.Severity, f.Sentence())
		c := junit.Case{Class: f.Workload.Path(), Name: f.ID + " " + f.Position.String(), File: f.Position.File, Line: f.Position.Line}
		if r.FailOn.Reached(f.Severity) {
			c.Failure = junit.Failure{Message: f.Sentence(), Type: f.ID, Text: line}
		} else {
			c.Output = line
		}
		suite.Cases = append(suite.Cases, c)
	}
	for _, w := range r.Workloads {
		if !with[w.Workload] {
			suite.Cases = append(suite.Cases, junit.Case{Class: w.Path(), Name: "probes", File: w.Position.File, Line: w.Position.Line})
		}
	}
	for _, message := range r.Unread {
		suite.Cases = append(suite.Cases, junit.Case{
			Class: "input", Name: message, Failure: junit.Failure{Message: message, Type: "unread", Text: message},
		})
	}
	return junit.Write(to, suite)
}
