package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/junit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/wanted"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// policyTestOptions are the flags of policy test.
type policyTestOptions struct {
	input  inputOptions
	output *output.Flag
	// want is the file of what is wanted, and update writes it anew.
	want   string
	update bool
	// unmatched are the rules that may match no workload.
	unmatched []string
}

func newPolicyTest(version string, std streams) *cobra.Command {
	o := policyTestOptions{input: newInput(std), output: output.Formats(outputText, outputJUnit)}
	cmd := &cobra.Command{
		Use:   "test -f FILE --want FILE",
		Short: "Compare what a policy does to a fleet's workloads with what is wanted",
		Long: `Compare what a policy does to a fleet's workloads with what is wanted: a file of
one line a workload, which --update writes and you keep under version control.

Every number and handler that is added is part of a line's hash, so that a new
policy, or a new version of this program, shows each workload that it changes:

  kubectl get namespaces,deployments,statefulsets,daemonsets -A -o yaml > fleet.yaml
  probe-injector policy test -f fleet.yaml --policy policy.yaml --want fleet.txt --update
  probe-injector policy test -f fleet.yaml --policy policy.yaml --want fleet.txt

Exit codes: 0 all is as wanted, 1 something differs, 2 wrong usage, input that
cannot be read, or a test that says too little: no workload in the input, a
wanted line without its workload, a rule of the policy that matches no workload.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(version, std) },
	}
	flags := cmd.Flags()
	o.input.addTo(flags)
	flags.StringVar(&o.want, "want", "", "the file with what is wanted")
	flags.BoolVar(&o.update, "update", false, "write that file anew, and show what changes in it")
	flags.StringSliceVar(&o.unmatched, "unmatched-rules", nil, "names of rules that may match no workload of the input")
	o.output.AddTo(flags, "")
	return cmd
}

func (o *policyTestOptions) run(version string, std streams) error {
	if o.want == "" {
		return errors.New("say what is wanted: --want FILE; --update writes it")
	}
	file, report, err := o.input.explain(version, std)
	if err != nil {
		return err
	}
	tellUnknown(report.UnknownNamespaces(), std)
	want, err := o.readWanted()
	if err != nil {
		return err
	}
	got := want.With(report.Lines())
	result := testResult{file: o.want, comparison: wanted.Compare(want, got)}
	ended := o.vacuous(file, report)
	if o.update {
		if ended != nil {
			return ended
		}
		if err := writeWanted(o.want, got.String()); err != nil {
			return fmt.Errorf("writing what is wanted: %w", err)
		}
		result.updated = true
	} else {
		ended = errors.Join(ended, result.verdict())
	}
	return o.output.Write(std.out, ended, result.write)
}

func (o *policyTestOptions) readWanted() (*wanted.File, error) {
	text, err := os.ReadFile(o.want)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.update:
		return wanted.New(), nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("--want %s: there is no such file; --update writes it", o.want)
	case err != nil:
		return nil, fmt.Errorf("reading what is wanted: %w", err)
	}
	return wanted.Parse(o.want, string(text))
}

func writeWanted(path, text string) error {
	file, err := output.Create(path)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(text); err != nil {
		file.Discard()
		return err
	}
	return file.Commit()
}

// vacuous finds the rules of the policy that no workload of the input shows anything of. The rule that the chart ships
// waits for namespaces that somebody labels, and need not match.
func (o *policyTestOptions) vacuous(file *policyfile.File, report *explanation.Report) error {
	shipped, err := policyfile.Default("")
	if err != nil {
		return err
	}
	matched := report.Rules()
	var errs []error
	for i := range file.Rules {
		r := &file.Rules[i]
		isShipped := slices.ContainsFunc(shipped.Rules, func(s v1alpha1.Rule) bool { return reflect.DeepEqual(s, *r) })
		if slices.Contains(matched, r.Name) || slices.Contains(o.unmatched, r.Name) || isShipped {
			continue
		}
		errs = append(errs, fmt.Errorf("rule %s matches no workload of the input, so that nothing tests it: add one that it is for, with its Namespace, or name the rule in --unmatched-rules", r.Name))
	}
	for _, name := range o.unmatched {
		if !slices.ContainsFunc(file.Rules, func(r v1alpha1.Rule) bool { return r.Name == name }) {
			errs = append(errs, fmt.Errorf("--unmatched-rules %s: the policy has no such rule", name))
		}
	}
	return errors.Join(errs...)
}

// testResult is a comparison that is to be written.
type testResult struct {
	file       string
	comparison wanted.Comparison
	updated    bool
}

// namedAtMost is how many workloads an error names.
const namedAtMost = 5

// verdict is how the verb ends.
func (r *testResult) verdict() error {
	_, other, unwanted, _ := r.comparison.Counts()
	var errs []error
	if missing := r.comparison.Missing(); len(missing) > 0 {
		names := strings.Join(missing[:min(namedAtMost, len(missing))], ", ")
		if len(missing) > namedAtMost {
			names += ", …"
		}
		errs = append(errs, fmt.Errorf("%s has %s without a workload in the input: %s; --update takes what is no longer there out of it", r.file, count(len(missing), "line"), names))
	}
	if other+unwanted > 0 {
		errs = append(errs, exit.ErrFound)
	}
	return errors.Join(errs...)
}

func (r *testResult) write(format string, to io.Writer) error {
	if format == outputJUnit {
		return junit.Write(to, r.suite())
	}
	if err := r.comparison.WriteDiff(to, r.file); err != nil {
		return err
	}
	_, err := fmt.Fprintln(to, r.summary())
	return err
}

// summary counts the workloads.
func (r *testResult) summary() string {
	same, other, unwanted, missing := r.comparison.Counts()
	if r.updated {
		return fmt.Sprintf("%s written: %s, of which %d as before, %d changed, %d new; %d gone", r.file, count(same+other+unwanted, "workload"), same, other, unwanted, missing)
	}
	return fmt.Sprintf("%s: %d as wanted, %d different, %d not in %s", count(same+other+unwanted, "workload"), same, other, unwanted, r.file)
}

// suite is one test for each workload.
func (r *testResult) suite() junit.Suite {
	s := junit.Suite{Name: "probe-injector policy test"}
	for _, row := range r.comparison.Rows {
		namespace, name, _ := strings.Cut(row.Workload, "/")
		c := junit.Case{Class: namespace, Name: name}
		switch {
		case row.Want == "":
			c.Failure = junit.Failure{Type: "unwanted", Message: "not in " + r.file, Text: "got:  " + row.Got}
		case row.Differs():
			c.Failure = junit.Failure{Type: "difference", Message: "other than in " + r.file, Text: "want: " + row.Want + "\ngot:  " + row.Got}
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}
