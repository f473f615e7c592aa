// Command build builds cert-manager's programs, so that no test has to wait for them:
//
//	go -C test run ./certmanager/build
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/probe-injector/probe-injector/test/certmanager"
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
	for _, program := range certmanager.All() {
		path, err := program.Path(ctx)
		if err != nil {
			return err
		}
		fmt.Println(path)
	}
	return nil
}
