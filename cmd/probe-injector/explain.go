package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
)

// The forms of a report.
const (
	outputText  = "text"
	outputJUnit = "junit"
	outputLine  = "line"
	outputJSON  = "json"
	outputYAML  = "yaml"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	input  inputOptions
	output *output.Flag
}

func newExplain(version string, std streams) *cobra.Command {
	o := explainOptions{input: newInput(std), output: output.Formats(outputText, outputLine, outputJSON, outputYAML)}
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
	o.input.addTo(flags)
	o.output.AddTo(flags, "")
	return cmd
}

// run reads, asks and prints. What could be read is explained also when something else could not.
func (o *explainOptions) run(version string, std streams) error {
	_, report, readErr := o.input.explain(version, std)
	if report == nil {
		return readErr
	}
	if o.output.Stdout() == outputLine {
		tellUnknown(report.UnknownNamespaces(), std)
	}
	if report.Wrong() {
		readErr = errors.Join(exit.ErrFound, readErr)
	}
	return o.output.Write(std.out, readErr, func(format string, to io.Writer) error { return write(report, format, to) })
}

// tellUnknown says once, beside a report that has no place for it, of which namespaces the labels are not known.
func tellUnknown(names []string, std streams) {
	if len(names) > 0 {
		std.problem(fmt.Sprintf("note: the labels of %s are not known, which keep Pods away or let rules select them: add the Namespaces to the input, or --namespace-labels",
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
