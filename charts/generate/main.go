// Command generate writes what the chart says about its values from its values.yaml, so that none of it can say anything
// else: values.schema.json, which Helm checks the values of an installation against, the tables of README.md, the
// template that stands in for values that are absent, and that of what the server knows of policies.
//
//	go run ./charts/generate          writes the files
//	go run ./charts/generate -check   names those that are out of date, and then exits with 1
//
// Run it in the root of the repository.
//
//	values.go    the values with their defaults and comments
//	schema.go    what they may be: by their defaults, and
//	limits.go    by this table where a default does not tell
//	types.go     by Go's types where the engine has them
//	readme.go    the tables
//	defaults.go  what stands for a value that is absent
//	known.go     what the server knows of policies
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// file is one generated file of the chart.
type file struct {
	name string
	// make gives its content from the values and from what the file has now.
	make func(values []value, now []byte) ([]byte, error)
}

func files() []file {
	return []file{
		{"values.schema.json", schemaFile}, {"README.md", readmeFile}, {"templates/_defaults.tpl", defaultsFile},
		{"templates/_known.tpl", knownFile},
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	check := flags.Bool("check", false, "write nothing, name the files that are out of date")
	chart := flags.String("chart", "charts/probe-injector", "the folder of the chart")
	if err := flags.Parse(args); err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(*chart, "values.yaml"))
	if err != nil {
		return fmt.Errorf("reading the values: %w", err)
	}
	values, err := parseValues(content)
	if err != nil {
		return err
	}
	var stale []string
	for _, f := range files() {
		changed, err := f.bring(*chart, values, *check)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if changed {
			stale = append(stale, f.name)
		}
	}
	switch {
	case *check && len(stale) > 0:
		return fmt.Errorf("out of date in %s: %s; run go run ./charts/generate", *chart, strings.Join(stale, ", "))
	case len(stale) > 0:
		_, err := fmt.Fprintln(out, "generate: wrote", strings.Join(stale, ", "))
		return err
	}
	return nil
}

// bring writes a file that has another content, unless it should only be checked, and reports whether it has.
func (f file) bring(chart string, values []value, check bool) (changed bool, err error) {
	path := filepath.Join(chart, f.name)
	now, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("reading what is there: %w", err)
	}
	content, err := f.make(values, now)
	if err != nil || bytes.Equal(now, content) {
		return false, err
	}
	if check {
		return true, nil
	}
	if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // documentation is for everybody
		return false, fmt.Errorf("writing: %w", err)
	}
	return true, nil
}
