// Command defaults answers "are these numbers good, and compared with what?": it plays the same starts, stalls and
// hangs to our probes and to the probes that others inject or publish, on a model of the kubelet (package kubelet),
// and prints what happened as Markdown.
//
//	go -C test run ./defaults          prints the tables
//	go -C test run ./defaults -write   puts them into docs/defaults.md, between its markers
//
// The same code gives the same tables, on every machine. Begin with
// population.go, which says how software is assumed to behave and where that comes from, and sets.go, which has
// the probes that are compared; questions.go has what is asked, one row for each.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/checkout"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "defaults:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("defaults", flag.ContinueOnError)
	write := flags.Bool("write", false, "put the tables into the page instead of printing them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	res, err := measure()
	if err != nil {
		return err
	}
	tables, err := report(res)
	if err != nil {
		return err
	}
	if !*write {
		_, err := io.WriteString(out, tables)
		return err
	}
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	page := filepath.Join(root, "docs", "defaults.md")
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	changed, err := between(string(old), tables)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(changed), 0o644)
}
