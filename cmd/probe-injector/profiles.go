package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// profilesOptions are the flags of profiles.
type profilesOptions struct {
	policyName string
	output     *output.Flag
}

// knownProfile is a profile and where it comes from.
type knownProfile struct {
	v1alpha1.Profile
	place string
}

func newProfiles(version string, std streams) *cobra.Command {
	o := profilesOptions{output: output.Formats(outputText, outputJSON, outputYAML)}
	cmd := &cobra.Command{
		Use:   "profiles [NAME]",
		Short: "List the software that is known, or describe one profile",
		Long: `List the software that is known, or describe one profile.

A profile says how software of one kind is detected, which requests show that it
is ready and that it lives, and how long it may take to start. The levels say
which Pods get a probe:

  offered      rules that ask for it, and Pods that ask
  on request   only Pods that ask, by inject: "true" or the profile's name
  own key      only Pods that ask by the probe's own key: liveness: "true"
  never        nobody; a handler that you write yourself is something else

With --policy, profiles of the policy come first, and replace built-in ones of
their name. With -o yaml a profile has the form that a policy takes under
spec.profiles, to be copied there and changed.

Exit codes: 0 fine, 2 there is no such profile, or something cannot be read.`,
		Example: `  probe-injector profiles
  probe-injector profiles postgres
  probe-injector profiles --policy values.yaml
  probe-injector profiles grafana -o yaml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(version, args, std) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.policyName, "policy", "", "a policy whose profiles come first: a ProbePolicy, a ConfigMap that holds one, or values of the chart")
	o.output.AddTo(flags, "")
	return cmd
}

func (o *profilesOptions) run(version string, args []string, std streams) error {
	all, err := o.profiles(version, std.in)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return o.write(std.out, profileList(all), func(to io.Writer) error { return writeProfiles(to, all) })
	}
	one, err := profileNamed(all, args[0])
	if err != nil {
		return err
	}
	return o.write(std.out, one.Profile, func(to io.Writer) error { return describeProfile(to, one) })
}

// write prints data in the forms that were asked for.
func (o *profilesOptions) write(stdout io.Writer, data any, asText func(to io.Writer) error) error {
	return o.output.Write(stdout, nil, func(format string, to io.Writer) error {
		switch format {
		case outputJSON:
			return output.JSON(to, data)
		case outputYAML:
			return output.YAML(to, data)
		default:
			return asText(to)
		}
	})
}

// profileList is the form in which a policy's spec holds profiles.
func profileList(all []knownProfile) any {
	var list struct {
		Profiles []v1alpha1.Profile `json:"profiles"`
	}
	for i := range all {
		list.Profiles = append(list.Profiles, all[i].Profile)
	}
	return list
}

func profileNamed(all []knownProfile, name string) (*knownProfile, error) {
	var names []string
	for i := range all {
		if all[i].Name == name {
			return &all[i], nil
		}
		names = append(names, all[i].Name)
	}
	if meant, ok := annotation.Nearest(name, names); ok {
		return nil, fmt.Errorf("no profile is named %q: did you mean %s?", name, meant)
	}
	return nil, fmt.Errorf("no profile is named %q: without a name, all are listed", name)
}

// profiles are those of the policy, if one is named, and the built-in ones whose names they leave.
func (o *profilesOptions) profiles(version string, in io.Reader) ([]knownProfile, error) {
	builtIn, err := catalogue.BuiltIn()
	if err != nil {
		return nil, err
	}
	var all []knownProfile
	if o.policyName != "" {
		if all, err = ownProfiles(o.policyName, version, in); err != nil {
			return nil, err
		}
	}
	own := len(all)
	for i := range builtIn.Profiles {
		taken := slices.ContainsFunc(all[:own], func(p knownProfile) bool { return p.Name == builtIn.Profiles[i].Name })
		if !taken {
			all = append(all, knownProfile{builtIn.Profiles[i], "built in"})
		}
	}
	return all, nil
}

// ownProfiles are the profiles of a policy in any of its forms, after the policy was checked.
func ownProfiles(name, version string, in io.Reader) ([]knownProfile, error) {
	file, place, err := readPolicy(name, version, in)
	if err != nil {
		return nil, err
	}
	all := make([]knownProfile, len(file.Profiles))
	for i := range file.Profiles {
		all[i] = knownProfile{file.Profiles[i], place}
	}
	return all, nil
}
