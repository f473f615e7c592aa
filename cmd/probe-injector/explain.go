package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
)

// The forms of a report.
const (
	outputText = "text"
	outputLine = "line"
	outputJSON = "json"
	outputYAML = "yaml"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	files      manifest.Files
	policyName string
	output     *output.Flag
}

func newExplain(version string, std streams) *cobra.Command {
	o := explainOptions{files: manifest.Files{Stdin: std.in}, output: output.Formats(outputText, outputLine, outputJSON, outputYAML)}
	cmd := &cobra.Command{
		Use:   "explain -f FILE",
		Short: "Say which probes the Pods of a manifest get, with every number and its reason",
		Long: `Say which probes the Pods of a manifest get, with every number and its reason.

Reads Pods, Deployments, StatefulSets, DaemonSets, Jobs, Argo Rollouts and objects
of every other kind that hold Pod templates, also in Lists. Namespaces among them
tell which rules apply. Without --policy the answer is that of the chart as it comes.

What other admission webhooks and LimitRanges change is not seen here; in a
cluster, kubectl create --dry-run=server of a Pod shows it.

Exit codes: 0 fine, 1 an annotation is wrong or where nothing reads it, 2 wrong
usage, input that cannot be read, or nothing to explain.`,
		Example: `  probe-injector explain -f deployment.yaml
  kubectl get deployment shop -o yaml | probe-injector explain -f -
  helm template ./chart | probe-injector explain -n shop --policy values.yaml -f -`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(version, std) },
	}
	flags := cmd.Flags()
	o.files.AddTo(flags)
	flags.StringVar(&o.policyName, "policy", "", "the policy: a ProbePolicy, a ConfigMap that holds one, or values of the chart")
	o.output.AddTo(flags, "")
	return cmd
}

// run reads, asks and prints. What could be read is explained also when something else could not.
func (o *explainOptions) run(version string, std streams) error {
	if err := o.check(); err != nil {
		return err
	}
	file, place, err := o.policy(version, std.in)
	if err != nil {
		return err
	}
	in, readErr := manifest.Read(o.files)
	for _, note := range in.Notes {
		std.problem("note: " + note)
	}
	if len(in.Workloads) == 0 {
		return errors.Join(readErr, errors.New("nothing to explain: no Pod and no object with a Pod template in the input"))
	}
	report, err := explanation.Explain(file, place, in)
	if err != nil {
		return err
	}
	if o.output.Stdout() == outputLine {
		tellUnknown(report, std)
	}
	if report.Wrong() {
		readErr = errors.Join(exit.ErrFound, readErr)
	}
	return o.output.Write(std.out, readErr, func(format string, to io.Writer) error { return write(report, format, to) })
}

func (o *explainOptions) check() error {
	switch {
	case len(o.files.Names) == 0:
		return errors.New(`say what to explain: -f FILE, or -f - for the standard input`)
	case o.policyName == manifest.Stdin && slices.Contains(o.files.Names, manifest.Stdin):
		return errors.New("the standard input is either the policy or the manifests: write one of them to a file")
	}
	return nil
}

// policy is the one that was named, or the chart's own.
func (o *explainOptions) policy(version string, in io.Reader) (*policyfile.File, string, error) {
	if o.policyName != "" {
		return readPolicy(o.policyName, version, in)
	}
	file, err := policyfile.Default(version)
	return file, "the chart's own (--policy names another)", err
}

// tellUnknown says once, beside a report that has no place for it, which namespaces are not known.
func tellUnknown(report *explanation.Report, std streams) {
	if names := report.UnknownNamespaces(); len(names) > 0 {
		std.problem(fmt.Sprintf("note: the labels of %s are not known, which keep Pods away or let rules select them: add the Namespaces to the input",
			strings.Join(names, ", ")))
	}
}

func write(report *explanation.Report, format string, to io.Writer) error {
	switch format {
	case outputLine:
		return report.WriteLines(to)
	case outputJSON:
		return output.JSON(to, report)
	case outputYAML:
		return output.YAML(to, report)
	default:
		return report.WriteText(to)
	}
}
