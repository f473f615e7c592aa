package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/policyfile"
)

func newPolicy(version string, std streams) *cobra.Command {
	policy := &cobra.Command{
		Use:   "policy",
		Short: "Work with policy files",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	policy.AddCommand(newValidate(version, std), newPolicyTest(version, std))
	return policy
}

func newValidate(version string, std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE",
		Short: "Check a policy file, as the webhook does when it starts",
		Long: `Check a policy file, as the webhook does when it starts.

FILE is a ProbePolicy, a ConfigMap that holds one, or a values.yaml of the
chart, which is laid over the chart's own values first. "-" reads the standard
input, so that the chart can be checked as it will be installed:

  helm template charts/probe-injector -f values.yaml | probe-injector policy validate -

Exit codes: 0 the policy is valid, 1 it has mistakes, 2 it cannot be read, or
there is none in the file.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			file, place, err := readPolicy(args[0], version, std.in)
			switch _, isWrong := errors.AsType[*policyfile.MistakesError](err); {
			case isWrong:
				return exit.With(exit.Found, err)
			case err != nil:
				return err
			}
			_, err = fmt.Fprintf(std.out, "%s: valid: %s, %s, %s\n", place,
				count(len(file.Rules), "rule"), count(len(file.Policy.Groups()), "group"), count(len(file.Profiles), "profile"))
			return err
		},
	}
}

// count is a number and a noun.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
