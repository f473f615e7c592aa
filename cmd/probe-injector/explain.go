package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/cluster"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
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
	// cluster is which cluster has the workload that is named, and server lets the API server be asked about the next Pod.
	cluster *cluster.Flags
	server  bool
}

func newExplain(version string, std streams) *cobra.Command {
	o := explainOptions{input: newInput(std), cluster: cluster.NewFlags(), output: output.Formats(outputText, outputLine, outputJSON, outputYAML)}
	cmd := &cobra.Command{
		Use:   "explain (-f FILE | TYPE/NAME)",
		Short: "Say which probes the Pods of a workload get, with every number and its reason",
		Long: `Say which probes the Pods of a workload get, with every number and its reason.

With -f it reads Pods, Deployments, StatefulSets, DaemonSets, Jobs, Argo Rollouts and
objects of every other kind that hold Pod templates, also in Lists. Namespaces among
them tell which rules apply. It opens no connection, unless --policy cluster asks for
one. What other admission webhooks and LimitRanges change is not seen then.

With TYPE/NAME it reads the workload from the cluster, says what its Pods have now,
or why they have nothing, and asks the API server by a dry run what the next Pod
would get. Nothing is stored. --server=false leaves the dry run out.

Without --policy the numbers and reasons are those of the chart as it comes, with
--policy cluster those of the policy that is installed, with the namespaces that its
webhook leaves out.

Exit codes: 0 fine, 1 an annotation is wrong or where nothing reads it, 2 wrong
usage, input that cannot be read, or nothing to explain, 3 the cluster could not be
reached, or not all of it could be read.`,
		Example: `  probe-injector explain -f deployment.yaml
  probe-injector explain -n shop deployment/web
  helm template ./chart | probe-injector explain -n shop --policy values.yaml -f -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args, version, std) },
	}
	flags := cmd.Flags()
	o.input.addTo(flags)
	flags.Lookup("policy").Usage = "the policy: " + policyUsage
	flags.BoolVar(&o.server, "server", true, "ask the API server about the next Pod of TYPE/NAME, by a dry run")
	o.output.AddTo(flags, "")
	o.cluster.AddTo(flags)
	return cmd
}

// run reads, asks and prints. What could be read is explained also when something else could not.
func (o *explainOptions) run(cmd *cobra.Command, args []string, version string, std streams) error {
	report, readErr := o.report(cmd, args, version, std)
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

// report explains what is named: a workload of a cluster, or files.
func (o *explainOptions) report(cmd *cobra.Command, args []string, version string, std streams) (*explanation.Report, error) {
	o.input.ofCluster = func() (*policyfile.File, string, error) { return o.policyOfCluster(cmd.Context(), version, std) }
	if len(args)+len(o.input.files.Names) == 0 {
		return nil, errors.New("say what to explain: -f FILE, -f - for the standard input, or the TYPE/NAME of a workload in a cluster")
	}
	if len(args) == 0 {
		_, report, err := o.input.explain(version, std)
		return report, err
	}
	if len(o.input.files.Names) > 0 {
		return nil, errors.New("write either -f FILE or TYPE/NAME")
	}
	if cmd.Flags().Changed("namespace") {
		o.cluster.SetNamespace(o.input.files.Namespace)
	}
	return o.explainLive(cmd.Context(), args[0], version, std)
}

// policyOfCluster is the policy that is installed, with what keeps Pods away from the webhook.
func (o *explainOptions) policyOfCluster(ctx context.Context, version string, std streams) (*policyfile.File, string, error) {
	c, err := o.cluster.Connect(version, std.err)
	if err != nil {
		return nil, "", err
	}
	installed, err := c.Installation(ctx, audit.Own, audit.PolicyConfigMap)
	if err != nil {
		return nil, "", exit.With(exit.Incomplete, err)
	}
	found, err := policySource{o.input.policyName, version, std.in}.find(installed)
	if err != nil {
		return nil, "", err
	}
	found.Registration = audit.Values(audit.Own(installed.Configurations))
	return found.File, found.place, nil
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
