package main

import (
	"errors"
	"fmt"
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
	// ofCluster reads the policy of a cluster, which --policy cluster means where a verb may open connections; else nil.
	ofCluster func() (*policyfile.File, string, error)
}

func newInput(std streams) inputOptions { return inputOptions{files: manifest.Files{Stdin: std.in}} }

func (o *inputOptions) addTo(flags *pflag.FlagSet) {
	o.files.AddTo(flags)
	flags.StringVar(&o.policyName, "policy", "", "the policy: a ProbePolicy, a ConfigMap that holds one, or values of the chart")
}

// loaded is what the flags name.
type loaded struct {
	file *policyfile.File
	// place names the policy for people.
	place string
	in    *manifest.Input
	// err is what could not be read beside it.
	err error
}

// load reads the policy and the workloads, of which there must be some. The verb is for people.
func (o *inputOptions) load(verb, version string, std streams) (*loaded, error) {
	if err := o.check(verb); err != nil {
		return nil, err
	}
	file, place, err := o.policy(version, std.in)
	if err != nil {
		return nil, err
	}
	in, readErr := manifest.Read(o.files)
	for _, note := range in.Notes {
		std.problem("note: " + note)
	}
	if len(in.Workloads) == 0 {
		return nil, errors.Join(readErr, fmt.Errorf("nothing to %s: no Pod and no object with a Pod template in the input", verb))
	}
	return &loaded{file, place, in, readErr}, nil
}

// explain asks the policy about every workload of the files. With a report there may be an error, too: what could be read is
// explained also when something else could not.
func (o *inputOptions) explain(version string, std streams) (*policyfile.File, *explanation.Report, error) {
	l, err := o.load("explain", version, std)
	if err != nil {
		return nil, nil, err
	}
	report, err := explanation.Explain(l.file, l.place, l.in)
	if err != nil {
		return l.file, nil, err
	}
	return l.file, report, l.err
}

func (o *inputOptions) check(verb string) error {
	switch {
	case len(o.files.Names)+len(o.files.Kustomizations) == 0:
		return fmt.Errorf(`say what to %s: -f FILE, or -f - for the standard input`, verb)
	case o.policyName == manifest.Stdin && slices.Contains(o.files.Names, manifest.Stdin):
		return errors.New("the standard input is either the policy or the manifests: write one of them to a file")
	}
	return nil
}

// policy is the one that was named, or the chart's own.
func (o *inputOptions) policy(version string, in io.Reader) (*policyfile.File, string, error) {
	if o.policyName == policyOfCluster && o.ofCluster != nil {
		return o.ofCluster()
	}
	if o.policyName != "" {
		return readPolicy(o.policyName, version, in)
	}
	file, err := policyfile.Default(version)
	return file, "the chart's own (--policy names another)", err
}
