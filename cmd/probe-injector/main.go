// Command probe-injector shows beforehand what the webhook would do, with the engine of the webhook itself and without
// a cluster. Linked as kubectl-probe_injector it is also "kubectl probe-injector".
//
// Start at newRoot, which lists the verbs. What they do is in the packages below internal.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/probe-injector/probe-injector/cmd/internal/version"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
)

// streams are the standard streams.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// problem says what is wrong beside the output. Nobody could be told if that failed.
func (s streams) problem(text string) {
	_, _ = fmt.Fprintln(s.err, text)
}

func main() {
	os.Exit(run(os.Args, version.String(), streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run executes a command line and returns the exit code, one of those in package exit.
func run(args []string, version string, std streams) int {
	root := newRoot(displayName(args[0]), version, std)
	root.SetArgs(args[1:])
	err := root.Execute()
	for _, message := range exit.Messages(err) {
		std.problem("error: " + message)
	}
	return int(exit.Of(err))
}

// displayName is how the command was called: kubectl runs plugins as kubectl-NAME, with dashes written as underscores.
func displayName(program string) string {
	base := strings.TrimSuffix(filepath.Base(program), ".exe")
	if plugin, ok := strings.CutPrefix(base, "kubectl-"); ok {
		return "kubectl " + strings.ReplaceAll(plugin, "_", "-")
	}
	return "probe-injector"
}
