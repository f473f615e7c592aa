package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/injection"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/unified"
)

// injectOptions are the flags of inject.
type injectOptions struct {
	input                inputOptions
	inPlace, diff, eject bool
}

func newInject(version string, std streams) *cobra.Command {
	o := injectOptions{input: newInput(std)}
	cmd := &cobra.Command{
		Use:   "inject -f FILE",
		Short: "Write into manifests the probes that the webhook would add",
		Long: `Write into manifests the probes that the webhook would add.

Prints all that it reads, with probes added as lines of their own; every other
line stays as it is, with comments, order, quotes and line ends. What cannot be
changed by lines (flow style, JSON, anchors, merge keys) is written anew on the
standard output, with a note, and refused with --in-place and --diff, where then
no file changes.

With --eject the annotations go, too: what is left needs no webhook.

A KRM function or a post-renderer of Helm is "inject -f -".

Exit codes: 0 fine, 1 an annotation is wrong or, with --diff, something would
change, 2 wrong usage, input that cannot be read, or nothing to look at.`,
		Example: `  probe-injector inject -f deployment.yaml
  probe-injector inject -f k8s -R --diff
  probe-injector inject -f k8s -R --in-place --eject
  helm template ./chart | probe-injector inject -f - | kubectl apply -f -`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return o.run(version, std) },
	}
	flags := cmd.Flags()
	o.input.addTo(flags)
	flags.BoolVarP(&o.inPlace, "in-place", "i", false, "change the files, each as a whole or not at all, and print what was added")
	flags.BoolVar(&o.diff, "diff", false, "print what --in-place would change, as a unified diff")
	flags.BoolVar(&o.eject, "eject", false, "remove the annotations, too: the file no longer asks the webhook for anything")
	return cmd
}

// run plans everything before it writes anything.
func (o *injectOptions) run(version string, std streams) error {
	if err := o.check(); err != nil {
		return err
	}
	file, place, err := o.input.policy(version, std.in)
	if err != nil {
		return err
	}
	in, err := manifest.Read(o.input.files)
	for _, note := range in.Notes {
		std.problem("note: " + note)
	}
	if err != nil {
		return err
	}
	if err := o.checkInput(in); err != nil {
		return err
	}
	plan, err := injection.Make(file, place, in, injection.Options{Eject: o.eject, Anew: !o.inPlace && !o.diff})
	if plan != nil {
		for _, text := range plan.Warnings {
			std.problem(text)
		}
		tellUnknown(plan.UnknownNamespaces, std)
	}
	if err != nil {
		return err
	}
	if plan.Wrong {
		err = exit.ErrFound
	}
	return errors.Join(err, o.write(plan, place, std.out))
}

func (o *injectOptions) check() error {
	switch stdin := slices.Contains(o.input.files.Names, manifest.Stdin); {
	case o.inPlace && o.diff:
		return errors.New("either --in-place or --diff, which shows what --in-place would do")
	case o.inPlace && stdin:
		return errors.New("the standard input cannot be changed in place: leave --in-place out")
	case o.inPlace && len(o.input.files.Kustomizations) > 0:
		return errors.New("what a kustomization builds is in no file that could be changed in place: leave --in-place out")
	}
	return o.input.check("write into")
}

// checkInput makes sure that there is something to look at. A stream without workloads goes through as it is: a chart, or the
// resources of a kustomization, may have none.
func (o *injectOptions) checkInput(in *manifest.Input) error {
	for i := range in.Sources {
		for _, d := range in.Sources[i].Documents {
			if d.Root != nil && (len(in.Workloads) > 0 || !o.inPlace && !o.diff) {
				return nil
			}
		}
	}
	return errors.New("nothing to write into: no Pod and no object with a Pod template in the input")
}

func (o *injectOptions) write(plan *injection.Plan, policy string, to io.Writer) error {
	out := bufio.NewWriter(to)
	var err error
	switch {
	case o.inPlace:
		if err = writeInPlace(plan); err == nil {
			summarize(plan, policy, out)
		}
	case o.diff:
		err = writeDiff(plan, out)
	default:
		writeStream(plan, out)
	}
	return errors.Join(err, out.Flush())
}

// writeStream prints all sources, with a separator where a source does not begin with one.
func writeStream(plan *injection.Plan, out *bufio.Writer) {
	const separator = "---"
	for i := range plan.Sources {
		text := plan.Sources[i].Text()
		if i > 0 {
			// A byte order mark belongs to the beginning of a stream.
			if text = bytes.TrimPrefix(text, []byte("\ufeff")); !bytes.HasPrefix(text, []byte(separator)) {
				fmt.Fprintln(out, separator)
			}
		}
		// What cannot be written is told by Flush.
		_, _ = out.Write(text)
		if i+1 < len(plan.Sources) && len(text) > 0 && text[len(text)-1] != '\n' {
			fmt.Fprintln(out)
		}
	}
}

// writeDiff prints what would change.
func writeDiff(plan *injection.Plan, out *bufio.Writer) error {
	var found error
	for i := range plan.Sources {
		s := &plan.Sources[i]
		var changes []unified.Change
		for _, e := range s.Edits {
			changes = append(changes, unified.Change(e))
		}
		if text := unified.Diff(s.Name, s.Source.Text, changes); len(text) > 0 {
			_, _ = out.Write(text)
			found = exit.ErrFound
		}
	}
	return found
}

// writeInPlace changes the files. All are written before the first is put in its place.
func writeInPlace(plan *injection.Plan) error {
	var files []*output.File
	for i := range plan.Sources {
		s := &plan.Sources[i]
		if len(s.Edits) == 0 {
			continue
		}
		file, err := output.Create(s.File)
		if err == nil {
			files = append(files, file)
			_, err = file.Write(s.Text())
		}
		if err != nil {
			discard(files)
			return fmt.Errorf("writing %s: %w; no file was changed", s.Name, err)
		}
	}
	for i, file := range files {
		if err := file.Commit(); err != nil {
			discard(files[i+1:])
			return fmt.Errorf("writing: %w", err)
		}
	}
	return nil
}

func discard(files []*output.File) {
	for _, file := range files {
		file.Discard()
	}
}

// summarize prints one line for each workload that changed, and the sum.
func summarize(plan *injection.Plan, policy string, out io.Writer) {
	var probes, annotations, workloads, files int
	for i := range plan.Sources {
		s := &plan.Sources[i]
		if len(s.Changes) > 0 {
			files++
		}
		for _, c := range s.Changes {
			fmt.Fprintf(out, "%s: %s: %s\n", s.Name, c.Name(), describe(&c))
			workloads++
			probes += len(c.Probes)
			annotations += c.Annotations
		}
	}
	sum := "added " + count(probes, "probe")
	if annotations > 0 {
		sum += " and removed " + count(annotations, "annotation")
	}
	fmt.Fprintf(out, "%s: %s in %s of %d; policy: %s\n", sum, count(workloads, "workload"), count(files, "file"), len(plan.Sources), policy)
}

func describe(c *injection.Change) string {
	var parts []string
	for i, p := range c.Probes {
		if i > 0 && c.Probes[i-1].Container == p.Container {
			parts[len(parts)-1] += "+" + strings.TrimSuffix(p.Field, "Probe")
			continue
		}
		parts = append(parts, "added "+p.Container+": "+strings.TrimSuffix(p.Field, "Probe"))
	}
	if c.Annotations > 0 {
		parts = append(parts, "removed "+count(c.Annotations, "annotation"))
	}
	return strings.Join(parts, ", ")
}
