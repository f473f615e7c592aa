// Package lintreport writes the findings of lint in its formats: text for people, and what CI systems read.
package lintreport

import (
	"fmt"
	"io"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
)

// The identity of a Report, for programs that read it.
const (
	APIVersion = "probe-injector.dev/v1alpha1"
	Kind       = "LintReport"
)

// Report is all that lint has to say.
type Report struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Policy names the policy that was asked.
	Policy string `json:"policy"`
	// Workloads are all that were looked at, in the order of the input.
	Workloads []Workload        `json:"workloads"`
	Findings  []finding.Finding `json:"findings"`
	// Accepted is how many findings are accepted and therefore left out, Stale the lines that accept nothing any more.
	Accepted int      `json:"accepted"`
	Stale    []string `json:"stale"`
	// Unread is what could not be read: then this is not all there is to say.
	Unread []string `json:"unread"`

	// Version is that of the program.
	Version string `json:"-"`
	// FailOn is the severity from which on a finding is a failure.
	FailOn finding.Threshold `json:"-"`
}

// Workload is one that was looked at.
type Workload struct {
	finding.Workload
	Position finding.Position `json:"position"`
}

// JSON writes the report as it stands.
func (r *Report) JSON(to io.Writer) error { return output.JSON(to, r) }

// Text writes a line for each finding, in the form that editors and people know from compilers, and the sum.
func (r *Report) Text(to io.Writer, palette output.Palette) error {
	styles := map[finding.Severity]output.Style{finding.Error: output.Red, finding.Warning: output.Yellow, finding.Note: output.Cyan}
	for i := range r.Findings {
		f := &r.Findings[i]
		template := ""
		if f.Position.Template != "" {
			template = " " + palette.Paint(output.Dim, "("+f.Position.Template+")")
		}
		if _, err := fmt.Fprintf(to, "%s: %s: %s [%s]%s\n", palette.Paint(output.Bold, f.Position.String()),
			palette.Paint(styles[f.Severity], string(f.Severity)), f.Sentence(), f.ID, template); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(to, r.sum())
	return err
}

// sum counts.
func (r *Report) sum() string {
	with := map[finding.Workload]bool{}
	for i := range r.Findings {
		with[r.Findings[i].Workload] = true
	}
	text := "no findings in " + count(len(r.Workloads), "workload")
	if len(r.Findings) > 0 {
		text = fmt.Sprintf("%s in %d of %s", count(len(r.Findings), "finding"), len(with), count(len(r.Workloads), "workload"))
	}
	if r.Accepted > 0 {
		text += fmt.Sprintf("; %d accepted", r.Accepted)
	}
	if len(r.Unread) > 0 {
		text += "; not all could be read"
	}
	return text + "\npolicy: " + r.Policy
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
