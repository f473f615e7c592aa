package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/accept"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/check"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/lintreport"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
)

// The forms of lint's report that no other verb has.
const (
	outputSARIF  = "sarif"
	outputGitHub = "github"
	outputAccept = "accept"
)

// lintOptions are the flags of lint.
type lintOptions struct {
	input      inputOptions
	output     *output.Flag
	failOn     finding.Threshold
	notes      bool
	acceptName string
}

func newLint(version string, std streams) *cobra.Command {
	o := lintOptions{
		input: newInput(std), failOn: finding.Threshold(finding.Warning),
		output: output.Formats(outputText, outputJSON, outputSARIF, outputGitHub, outputJUnit, outputAccept),
	}
	cmd := &cobra.Command{
		Use:   "lint -f FILE",
		Short: "Find wrong annotations and dangerous probes in manifests",
		Long: `Find wrong annotations and dangerous probes in manifests.

Reports what the webhook would warn of, in the same words: wrong annotations, keys
where nothing reads them, requested probes that are not injected. And what the
rules of docs/rules.md find in the probes that are written and in those that would
be injected. No connection is opened.

Each finding has the file, line and column of what it is about, its severity and
an id: a rule such as PS010, or the word of a reason. A finding from --fail-on on
ends lint with code 1.

What cannot be changed can be accepted, in a file that says why:

  PS010  shop/deployment/web/app  # vendor chart, OPS-12

"-o accept=FILE" writes one that accepts all that is found today.

Exit codes: 0 fine, 1 findings from --fail-on on, 2 wrong usage, input that cannot
be read, or nothing to lint.`,
		Example: `  probe-injector lint -f k8s/ -R
  helm template ./chart | probe-injector lint -n shop --policy values.yaml -f -
  probe-injector lint -f k8s/ -o text -o sarif=lint.sarif --fail-on error
  probe-injector lint -f k8s/ -o accept=.probe-injector-accept`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(version, std, cmd.Flags()) },
	}
	flags := cmd.Flags()
	o.input.addTo(flags)
	o.output.AddTo(flags, "")
	flags.Var(&o.failOn, "fail-on", "the severity from which on a finding ends lint with code 1: none, note, warning or error")
	flags.BoolVar(&o.notes, "notes", false, "tell what is only worth knowing, too")
	flags.StringVar(&o.acceptName, "accept", "", "file of findings that are accepted")
	return cmd
}

func (o *lintOptions) run(version string, std streams, flags *pflag.FlagSet) error {
	accepted, err := o.accepted()
	if err != nil {
		return err
	}
	l, err := o.input.load("lint", version, std)
	if err != nil {
		return err
	}
	result, err := check.All(l.file, l.in)
	if err != nil {
		return err
	}
	if len(result.Unknown) > 0 {
		std.problem(fmt.Sprintf("note: rules that select namespaces by their labels are not asked about %s: add the Namespaces to the input, or --namespace-labels",
			strings.Join(result.Unknown, ", ")))
	}
	report := o.report(version, l, result, accepted)
	for _, stale := range report.Stale {
		std.problem("note: " + stale)
	}
	ended := l.err
	if o.failOn.ReachedBy(report.Findings) {
		ended = errors.Join(exit.ErrFound, ended)
	}
	return o.output.Write(std.out, ended, func(format string, to io.Writer) error {
		// Files are not colored.
		palette := output.Palette(false)
		if format == o.output.Stdout() {
			palette = output.PaletteFor(flags, std.out)
		}
		return writeLint(report, accepted, format, to, palette)
	})
}

// accepted is the file of accepted findings; without one, nothing is.
func (o *lintOptions) accepted() (*accept.List, error) {
	if o.acceptName == "" {
		return &accept.List{}, nil
	}
	text, err := os.ReadFile(o.acceptName)
	if err != nil {
		return nil, fmt.Errorf("reading what is accepted: %w", err)
	}
	return accept.Parse(o.acceptName, text, check.Knows)
}

// report leaves out what is accepted and what nobody wants to know.
func (o *lintOptions) report(version string, l *loaded, result *check.Result, accepted *accept.List) *lintreport.Report {
	report := &lintreport.Report{
		APIVersion: lintreport.APIVersion, Kind: lintreport.Kind, Policy: l.place, Version: version, FailOn: o.failOn,
		Workloads: []lintreport.Workload{}, Findings: []finding.Finding{}, Stale: []string{}, Unread: exit.Messages(l.err),
	}
	for i := range l.in.Workloads {
		w := &l.in.Workloads[i]
		report.Workloads = append(report.Workloads, lintreport.Workload{Workload: w.Ref(), Position: w.Position(nil)})
	}
	for i := range result.Findings {
		f := &result.Findings[i]
		switch {
		case accepted.Accepts(f):
			report.Accepted++
		case f.Severity != finding.Note || o.notes || o.failOn.Reached(f.Severity):
			report.Findings = append(report.Findings, *f)
		}
	}
	if l.err == nil {
		// Else what they accept may be in what could not be read.
		report.Stale = accepted.Stale()
	}
	if report.Unread == nil {
		report.Unread = []string{}
	}
	return report
}

func writeLint(r *lintreport.Report, accepted *accept.List, format string, to io.Writer, palette output.Palette) error {
	switch format {
	case outputJSON:
		return r.JSON(to)
	case outputSARIF:
		return r.SARIF(to)
	case outputGitHub:
		return r.GitHub(to)
	case outputJUnit:
		return r.JUnit(to)
	case outputAccept:
		return accepted.Write(to, r.Findings)
	default:
		return r.Text(to, palette)
	}
}
