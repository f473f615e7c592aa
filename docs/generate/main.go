// Command generate writes the reference pages of docs/ from the code, so that they cannot say anything else than it.
//
//	go run ./docs/generate          writes the pages
//	go run ./docs/generate -check   names those that are out of date, and then exits with 1
//
// Run it in the root of the repository. Each page is one file here.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
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

// page is one generated file.
type page struct {
	// name is the path of the file from the root.
	name string
	// make gives its content, from the code below root.
	make func(root string) (string, error)
}

func pages() []page {
	return []page{
		{"policy/catalogue/catalogue.json", catalogueFile},
		{"policy/environment/variables.go", variablesFile},
		{"docs/annotations.md", annotationsPage},
		{"docs/decision-table.md", decisionTablePage},
		{"docs/metrics.md", metricsPage},
		{"docs/numbers.txt", numbersFile},
		{"docs/profiles.md", profilesPage},
		{"docs/reasons.md", reasonsPage},
		{"docs/rules.md", rulesPage},
		{"docs/support.md", supportPage},
		{"docs/timing-classes.md", timingClassesPage},
		{"docs/verified.md", verifiedPage},
		// The last one, because it reads the others.
		{"docs/README.md", indexPage},
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	check := flags.Bool("check", false, "write nothing, name the pages that are out of date")
	root := flags.String("root", ".", "the root of the repository")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var stale []string
	for _, p := range pages() {
		content, err := p.make(*root)
		if err != nil && len(stale) > 0 && *check {
			break // the index reads pages: what is wrong with them comes first
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		changed, err := bring(filepath.Join(*root, filepath.FromSlash(p.name)), content, *check)
		if err != nil {
			return err
		}
		if changed {
			stale = append(stale, p.name)
		}
	}
	switch {
	case *check && len(stale) > 0:
		return fmt.Errorf("out of date: %s; run go run ./docs/generate", strings.Join(stale, ", "))
	case len(stale) > 0:
		_, err := fmt.Fprintln(out, "generate: wrote", strings.Join(stale, ", "))
		return err
	}
	return nil
}

// bring writes a file that has another content, unless it should only be checked, and reports whether it has.
func bring(path, content string, check bool) (changed bool, err error) {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("reading what is there: %w", err)
	}
	if bytes.Equal(old, []byte(content)) {
		return false, nil
	}
	if check {
		return true, nil
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil { //nolint:gosec // documentation is for everybody
		return false, fmt.Errorf("writing: %w", err)
	}
	return true, nil
}
