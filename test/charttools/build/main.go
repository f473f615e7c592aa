// Command build builds the programs that the chart is tested with, so that no test has to wait for them:
//
//	go -C test run ./charttools/build           all of them
//	go -C test run ./charttools/build helm-4    the named ones
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/probe-injector/probe-injector/test/charttools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run makes sure that the named programs are there, all if none is named, and prints where.
func run(ctx context.Context, names []string) error {
	for _, tool := range charttools.All() {
		if len(names) > 0 && !slices.Contains(names, string(tool)) {
			continue
		}
		path, err := charttools.Path(ctx, tool)
		if err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}
