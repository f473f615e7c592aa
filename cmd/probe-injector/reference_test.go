package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
)

// referencePage is generated here, and not by docs/generate, because only this package has the commands.
const referencePage = "docs/cli.md"

// shownOutputs are commands whose output the page shows, by their verbs.
func shownOutputs() map[string][]string {
	return map[string][]string{
		"explain":         {"explain -f examples/annotations/http.yaml"},
		"inject":          {"inject -f examples/annotations/http.yaml --diff"},
		"lint":            {"lint -f examples/mistakes", "lint -f examples/mistakes/same-endpoint.yaml -o github", "lint -f examples/mistakes/same-endpoint.yaml -o accept"},
		"policy validate": {"policy validate charts/probe-injector/values.yaml"},
		"profiles":        {"profiles postgres"},
	}
}

const referenceHead = `# Commands

For everybody who uses the CLI. ` + "`probe-injector VERB --help`" + ` prints the same.

*Generated from ` + "`cmd/probe-injector`" + ` by ` + "`make generate`" + `: change it there.*

## Exit codes

The same for every verb and every format. Of several the highest counts.

| code | means |
|---|---|
%s
## What all verbs have in common

The standard output has the report and nothing else; notes and errors are on stderr, a line each. ` + "`-o FORMAT=FILE`" + ` writes a
report to a file and may be repeated; a file is replaced as a whole, and not at all after exit codes 2 and 3. Text is colored on
terminals: ` + "`--color`" + ` and ` + "`NO_COLOR`" + ` decide. Formats for programs have ` + "`apiVersion`" + ` and ` + "`kind`" + `, and lists are never null.

Verbs that read files connect to nobody. In a folder they read ` + "`.yaml`, `.yml` and `.json`" + `, with ` + "`-R`" + ` below it as well, but nothing
at or below a ` + "`Chart.yaml`" + ` or a ` + "`kustomization.yaml`" + `: those are read as ` + "`helm template`" + ` and ` + "`kustomize build`" + ` print them.
` + "`-k`" + ` builds a kustomization that is made of local files; what names others is an error, because nothing is fetched. What cannot be
read is named with its line, and the rest is judged.

## As a plugin of kubectl, and completion

kubectl finds the program under the name ` + "`kubectl-probe_injector`" + `, and runs it as ` + "`kubectl probe-injector`" + `:

` + "```console" + `
$ ln -s "$(command -v probe-injector)" ~/.local/bin/kubectl-probe_injector
$ kubectl probe-injector lint -f k8s
` + "```" + `

` + "`probe-injector completion bash`" + ` prints a script that completes verbs, flags and their values; zsh, fish and powershell as well.
For kubectl's own completion, an executable ` + "`kubectl_complete-probe_injector`" + ` with one line does the same:
` + "`exec probe-injector __complete \"$@\"`" + `.

`

// reference is the whole page.
func reference(t *testing.T) string {
	t.Helper()
	var codes strings.Builder
	for code, meaning := range exit.Meanings() {
		fmt.Fprintf(&codes, "| %d | %s |\n", code, meaning)
	}
	var page strings.Builder
	fmt.Fprintf(&page, referenceHead, codes.String())
	shown := shownOutputs()
	var add func(cmd *cobra.Command)
	add = func(cmd *cobra.Command) {
		if cmd.HasSubCommands() {
			for _, below := range cmd.Commands() {
				add(below)
			}
			return
		}
		verb := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().CommandPath()+" ")
		fmt.Fprintf(&page, "## %s\n\n%s.\n\n", verb, cmd.Short)
		console(&page, verb+" --help")
		for _, command := range shown[verb] {
			console(&page, command)
		}
		delete(shown, verb)
	}
	add(newRoot("probe-injector", "v0.1.0", streams{nil, &bytes.Buffer{}, &bytes.Buffer{}}))
	if len(shown) > 0 {
		t.Errorf("no verb has the outputs %v", shown)
	}
	return strings.TrimRight(page.String(), "\n") + "\n"
}

// console shows a command, what it prints, and how it ends.
func console(page *strings.Builder, command string) {
	var out, problems bytes.Buffer
	code := run(append([]string{"probe-injector"}, strings.Fields(command)...), "v0.1.0", streams{strings.NewReader(""), &out, &problems})
	fmt.Fprintf(page, "```console\n$ probe-injector %s\n%s%s```\n\n", command, out.String(), problems.String())
	if code != int(exit.Fine) {
		fmt.Fprintf(page, "Exit code %d.\n\n", code)
	}
}

func TestTheReferenceIsUpToDate(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	t.Setenv("NO_COLOR", "1")
	// Defaults of flags are below it.
	t.Setenv("HOME", "/home/you")
	got := reference(t)
	if os.Getenv(updateEnv) != "" {
		if err := os.WriteFile(referencePage, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s is out of date; make generate brings it up to date:\n%s", referencePage, diff)
	}
}

// Every verb says in its help how it ends, and no line of help is wider than a terminal.
func TestHelpIsComplete(t *testing.T) {
	var check func(cmd *cobra.Command)
	check = func(cmd *cobra.Command) {
		for line := range strings.SplitSeq(cmd.Long+"\n"+cmd.Example, "\n") {
			if len(line) > 100 {
				t.Errorf("%s: %q is %d wide", cmd.CommandPath(), line, len(line))
			}
		}
		if !cmd.HasSubCommands() && !strings.Contains(cmd.Long, "xit codes: 0 ") {
			t.Errorf("%s does not say its exit codes", cmd.CommandPath())
		}
		for _, below := range cmd.Commands() {
			check(below)
		}
	}
	check(newRoot("probe-injector", "v0.1.0", streams{}))
}

func TestFlagsCompleteTheirValues(t *testing.T) {
	for args, want := range map[string]string{
		"lint --fail-on ":   "none note warning error",
		"lint -o ":          "text json sarif github junit accept",
		"explain -o ":       "text line json yaml",
		"lint --color ":     "auto always never",
		"profiles -o json ": "",
	} {
		var out, problems bytes.Buffer
		words := append([]string{"probe-injector", cobra.ShellCompNoDescRequestCmd}, strings.Split(args, " ")...)
		if code := run(words, "v0.1.0", streams{strings.NewReader(""), &out, &problems}); code != int(exit.Fine) {
			t.Fatalf("code %d: %s", code, problems.String())
		}
		got := strings.Fields(out.String())
		for word := range strings.FieldsSeq(want) {
			if !slices.Contains(got, word) {
				t.Errorf("%q completes to %q, without %s", args, got, word)
			}
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		var out, problems bytes.Buffer
		if code := run([]string{"probe-injector", "completion", shell}, "v0.1.0", streams{nil, &out, &problems}); code != int(exit.Fine) || out.Len() == 0 {
			t.Errorf("%s: code %d: %s", shell, code, problems.String())
		}
	}
}
