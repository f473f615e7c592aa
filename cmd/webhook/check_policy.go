package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// checkPolicy reads a policy file as a server does when it starts, and says all that is wrong with it. Helm runs it before it
// changes anything.
func checkPolicy(file string, stdout io.Writer) error {
	entries, err := readEntries(file)
	if err != nil {
		return fmt.Errorf("reading the policy: %w", err)
	}
	p, err := compile(entries, filepath.Base(file))
	if err != nil {
		return fmt.Errorf("the policy is wrong, and was not put in force (spec is policy in the values of the chart):\n%s", lines(err))
	}
	_, err = fmt.Fprintf(stdout, "The policy is right: groups of rules: %d.\n", len(p.Groups()))
	return err
}

// lines has each mistake on a line of its own.
func lines(err error) string {
	var text strings.Builder
	for _, mistake := range v1alpha1.Mistakes(err) {
		fmt.Fprintf(&text, "  %s\n", mistake)
	}
	return strings.TrimSuffix(text.String(), "\n")
}
