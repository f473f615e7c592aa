package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
)

// errWrongAnnotation ends explain after a report that tells of a wrong annotation.
var errWrongAnnotation = errors.New("an annotation is wrong")

// The forms of a report.
const (
	outputText = "text"
	outputJSON = "json"
	outputYAML = "yaml"
)

// explainOptions are the flags of explain.
type explainOptions struct {
	files      manifest.Files
	policyName string
	output     string
}

func newExplain(version string, std streams) *cobra.Command {
	o := explainOptions{files: manifest.Files{Stdin: std.in}}
	cmd := &cobra.Command{
		Use:   "explain -f FILE",
		Short: "Say which probes the Pods of a manifest get, with every number and its reason",
		Long: `Say which probes the Pods of a manifest get, with every number and its reason.

Reads Pods, Deployments, StatefulSets, DaemonSets, Jobs, Argo Rollouts and objects
of every other kind that hold Pod templates, also in Lists. Namespaces among them
tell which rules apply. Without --policy the answer is that of the chart as it comes.

What other admission webhooks and LimitRanges change is not seen here; in a
cluster, kubectl create --dry-run=server of a Pod shows it.

Exit codes: 0 fine, 1 something cannot be read, 2 an annotation is wrong or where
nothing reads it.`,
		Example: `  probe-injector explain -f deployment.yaml
  kubectl get deployment shop -o yaml | probe-injector explain -f -
  helm template ./chart | probe-injector explain -n shop --policy values.yaml -f -`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(version, std) },
	}
	flags := cmd.Flags()
	flags.StringSliceVarP(&o.files.Names, "filename", "f", nil, `file or folder with manifests, or "-" for the standard input; may be repeated`)
	flags.BoolVarP(&o.files.Recursive, "recursive", "R", false, "also read folders below folders")
	flags.StringVarP(&o.files.Namespace, "namespace", "n", "default", "namespace of objects that name none")
	flags.StringVar(&o.policyName, "policy", "", "the policy: a ProbePolicy, a ConfigMap that holds one, or values of the chart")
	flags.StringVarP(&o.output, "output", "o", outputText, "text, json or yaml")
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
	if len(in.Workloads) == 0 {
		return errors.Join(readErr, errors.New("nothing to explain: no Pod and no object with a Pod template in the input"))
	}
	report, err := explanation.Explain(file, place, in)
	if err != nil {
		return err
	}
	if err := write(report, o.output, std.out); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	switch {
	case readErr != nil:
		return readErr
	case report.Wrong():
		return errWrongAnnotation
	}
	return nil
}

func (o *explainOptions) check() error {
	switch {
	case len(o.files.Names) == 0:
		return errors.New(`say what to explain: -f FILE, or -f - for the standard input`)
	case !slices.Contains([]string{outputText, outputJSON, outputYAML}, o.output):
		return fmt.Errorf("--output %s: must be text, json or yaml", o.output)
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

func write(report *explanation.Report, output string, to io.Writer) error {
	var text []byte
	var err error
	switch output {
	case outputJSON:
		text, err = json.MarshalIndent(report, "", "  ")
		text = append(text, '\n')
	case outputYAML:
		text, err = yaml.Marshal(report)
	default:
		return report.WriteText(to)
	}
	if err != nil {
		return err
	}
	_, err = to.Write(text)
	return err
}
