package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
)

func newRoot(name, version string, std streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "probe-injector",
		Short: "Show which probes annotated Pods get, and why",
		Long: `Show which probes annotated Pods get, and why.

The answers come from the engine of the webhook.

Exit codes of every verb and format; of several, the highest:
` + exitCodes(),
		Version:       version,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: name},
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.SetVersionTemplate("{{.DisplayName}} {{.Version}}\n")
	output.AddColor(root.PersistentFlags())
	root.AddCommand(newAudit(version, std), newExplain(version, std), newInject(version, std), newLint(version, std), newPolicy(version, std), newProfiles(version, std), newTry(version, std))
	completeValues(root)
	return root
}

// completeValues lets the shell complete the values of flags that take one of a few words.
func completeValues(cmd *cobra.Command) {
	for _, flags := range []*pflag.FlagSet{cmd.LocalNonPersistentFlags(), cmd.PersistentFlags()} {
		flags.VisitAll(func(flag *pflag.Flag) {
			if few, ok := flag.Value.(interface{ Values() []string }); ok {
				// It fails where it is done twice.
				_ = cmd.RegisterFlagCompletionFunc(flag.Name, cobra.FixedCompletions(few.Values(), cobra.ShellCompDirectiveNoFileComp))
			}
		})
	}
	for _, below := range cmd.Commands() {
		completeValues(below)
	}
}

// exitCodes lists the exit codes, one a line.
func exitCodes() string {
	var text strings.Builder
	for code, meaning := range exit.Meanings() {
		fmt.Fprintf(&text, "  %d  %s\n", code, meaning)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// readPolicy reads a policy from a file or, under the name "-", from the standard input. It also gives the place of
// the policy, for people.
func readPolicy(name, version string, in io.Reader) (*policyfile.File, string, error) {
	var data []byte
	var err error
	place := name
	if name == manifest.Stdin {
		place = "standard input"
		data, err = io.ReadAll(in)
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading the policy: %w", err)
	}
	file, err := policyfile.Read(data, version)
	if err != nil {
		return nil, "", fmt.Errorf("%s is not a valid policy:\n%w", place, err)
	}
	if file.Place != "" {
		place += " (" + file.Place + ")"
	}
	return file, place, nil
}
