package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/cluster"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
)

const (
	outputCSV  = "csv"
	outputHTML = "html"

	byNamespace  = "namespace"
	failOnNone   = "none"
	usualChunk   = 500
	smallestPage = 1
)

// auditOptions are the flags of audit.
type auditOptions struct {
	cluster       *cluster.Flags
	allNamespaces bool
	selector      string
	policyName    string
	only          []string
	by            string
	failOn        string
	chunkSize     int64
	output        *output.Flag
}

func newAudit(version string, std streams) *cobra.Command {
	o := auditOptions{cluster: cluster.NewFlags(), output: output.Formats(outputText, outputJSON, outputCSV, outputHTML)}
	cmd := &cobra.Command{
		Use:   "audit [-A | -n NAMESPACE]",
		Short: "Look at the probes of a cluster: what they hurt, what was missed, what is dangerous",
		Long: `Look at the probes of a cluster: what they hurt, what was missed, what is dangerous.

Only reads: namespaces, Pods, Deployments, StatefulSets, DaemonSets, events with the
reason Killing, and where it is allowed the webhook's configuration, Deployment and
ConfigMap. It works before anything is installed. docs/audit.md defines every word
of the report.

Without --policy the cluster's own is used where it may be read, else the chart's.

Exit codes: 0 fine, 1 findings at or above --fail-on, 2 wrong usage or nothing to
look at, 3 not everything could be read; then no file is written.`,
		Example: `  probe-injector audit -A
  probe-injector audit -n shop --only missed,wrong
  probe-injector audit -A -o text -o html=fleet.html --fail-on error`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return o.run(ctx, cmd, version, std)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.allNamespaces, "all-namespaces", "A", false, "look at all namespaces")
	flags.StringVarP(&o.selector, "selector", "l", "", "look only at Pods with these labels")
	flags.StringVar(&o.policyName, "policy", "", policyUsage)
	flags.StringSliceVar(&o.only, "only", nil, "list all findings of these types and no others: "+strings.Join(typeNames(), ", "))
	flags.StringVar(&o.by, "by", "", `"namespace" adds a table of namespaces`)
	flags.StringVar(&o.failOn, "fail-on", failOnNone, "exit with 1 if there is a finding this severe: none, note, warning, error")
	flags.Int64Var(&o.chunkSize, "chunk-size", usualChunk, "how many objects one answer of the API server holds")
	o.output.AddTo(flags, "")
	o.cluster.AddTo(flags)
	return cmd
}

func typeNames() []string {
	var names []string
	for _, t := range audit.Types() {
		names = append(names, string(t))
	}
	return names
}

func (o *auditOptions) check() error {
	for _, name := range o.only {
		if !slices.Contains(typeNames(), name) {
			return fmt.Errorf("--only %s: must be of %s", name, strings.Join(typeNames(), ", "))
		}
	}
	switch {
	case o.allNamespaces && o.cluster.Namespace() != "":
		return errors.New("write either -A or -n NAMESPACE")
	case o.by != "" && o.by != byNamespace:
		return fmt.Errorf("--by %s: must be %s", o.by, byNamespace)
	case o.failOn != failOnNone && !slices.Contains(audit.Severities(), audit.Severity(o.failOn)):
		return fmt.Errorf("--fail-on %s: must be none, note, warning or error", o.failOn)
	case o.chunkSize < smallestPage:
		return fmt.Errorf("--chunk-size %d: must be at least %d", o.chunkSize, smallestPage)
	}
	return nil
}

// run reads the cluster, judges and prints. What could not be read as a whole is not reported at all.
func (o *auditOptions) run(ctx context.Context, cmd *cobra.Command, version string, std streams) error {
	if err := o.check(); err != nil {
		return err
	}
	selector, err := labels.Parse(o.selector)
	if err != nil {
		return fmt.Errorf("--selector: %w", err)
	}
	c, err := o.cluster.Connect(version, std.err)
	if err != nil {
		return err
	}
	a := auditing{
		Cluster: c, std: std, version: version, policyName: o.policyName, selector: selector, chunkSize: o.chunkSize,
		namespace: c.Namespace, options: audit.Options{Now: time.Now(), Selector: selector},
	}
	if o.allNamespaces {
		a.namespace = ""
	}
	report, err := a.read(ctx)
	switch {
	case err != nil:
		return err
	case report.Looked.Workloads == 0:
		return errors.New("nothing to look at: there is no Pod, Deployment, StatefulSet or DaemonSet")
	}
	only := make([]audit.Type, len(o.only))
	for i, name := range o.only {
		only[i] = audit.Type(name)
	}
	report.Keep(only)
	var found error
	if o.failOn != failOnNone && report.Reaches(audit.Severity(o.failOn)) {
		found = exit.ErrFound
	}
	text := audit.TextOptions{Only: only, ByNamespace: o.by == byNamespace, Style: style{output.PaletteFor(cmd.Flags(), std.out)}}
	return o.output.Write(std.out, found, func(format string, to io.Writer) error {
		switch format {
		case outputJSON:
			return output.JSON(to, report)
		case outputCSV:
			return report.WriteCSV(to)
		case outputHTML:
			return report.WriteHTML(to)
		default:
			return report.WriteText(to, text)
		}
	})
}

// style paints the report in the colors of a terminal.
type style struct{ output.Palette }

func (s style) Heading(text string) string { return s.Paint(output.Bold, text) }
func (s style) Faint(text string) string   { return s.Paint(output.Dim, text) }

func (s style) Severity(severity audit.Severity, text string) string {
	switch severity {
	case audit.Error:
		return s.Paint(output.Red, text)
	case audit.Warning:
		return s.Paint(output.Yellow, text)
	default:
		return s.Paint(output.Bold, text)
	}
}
