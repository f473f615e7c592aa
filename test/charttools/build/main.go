// Command build builds the programs that the chart is tested with, so that no test has to wait for them:
//
//	go -C test run ./charttools/build
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/probe-injector/probe-injector/test/charttools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run makes sure that everything is there, and prints where.
func run(ctx context.Context) error {
	for _, tool := range charttools.All() {
		path, err := charttools.Path(ctx, tool)
		if err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}
