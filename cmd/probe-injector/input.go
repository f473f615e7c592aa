package main

import (
	"errors"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
)

// inputOptions are the flags of the verbs that read workloads from files and ask a policy about them.
type inputOptions struct {
	files      manifest.Files
	policyName string
}

func newInput(std streams) inputOptions { return inputOptions{files: manifest.Files{Stdin: std.in}} }

func (o *inputOptions) addTo(flags *pflag.FlagSet) {
	o.files.AddTo(flags)
	flags.StringVar(&o.policyName, "policy", "", "the policy: a ProbePolicy, a ConfigMap that holds one, or values of the chart")
}

// explain asks the policy about every workload of the files. With a report there may be an error, too: what could be read is
// explained also when something else could not.
func (o *inputOptions) explain(version string, std streams) (*policyfile.File, *explanation.Report, error) {
	if err := o.check(); err != nil {
		return nil, nil, err
	}
	file, place, err := o.policy(version, std.in)
	if err != nil {
		return nil, nil, err
	}
	in, readErr := manifest.Read(o.files)
	for _, note := range in.Notes {
		std.problem("note: " + note)
	}
	if len(in.Workloads) == 0 {
		return file, nil, errors.Join(readErr, errors.New("nothing to explain: no Pod and no object with a Pod template in the input"))
	}
	report, err := explanation.Explain(file, place, in)
	if err != nil {
		return file, nil, err
	}
	return file, report, readErr
}

func (o *inputOptions) check() error {
	switch {
	case len(o.files.Names) == 0:
		return errors.New(`say what to explain: -f FILE, or -f - for the standard input`)
	case o.policyName == manifest.Stdin && slices.Contains(o.files.Names, manifest.Stdin):
		return errors.New("the standard input is either the policy or the manifests: write one of them to a file")
	}
	return nil
}

// policy is the one that was named, or the chart's own.
func (o *inputOptions) policy(version string, in io.Reader) (*policyfile.File, string, error) {
	if o.policyName != "" {
		return readPolicy(o.policyName, version, in)
	}
	file, err := policyfile.Default(version)
	return file, "the chart's own (--policy names another)", err
}
