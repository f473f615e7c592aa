// Command cert-manager-controller is cert-manager's controller, as far as an authority of one's own goes: issuers of the
// kinds SelfSigned and CA, and everything that turns a Certificate into a Secret and renews it.
//
// The code that does it is cert-manager's. Here is only what the released program does around it: flags, the election of
// a leader, the health endpoint and the start of the controllers. It takes the flags that cert-manager's Helm chart
// passes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cert-manager/cert-manager/pkg/logs"
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

// run does everything until the context ends.
func run(ctx context.Context, args []string) error {
	options, err := parse(args)
	if err != nil {
		return err
	}
	logs.InitLogs()
	defer logs.FlushLogs()
	if err := logs.ValidateAndApply(options.logging); err != nil {
		return fmt.Errorf("setting up the log: %w", err)
	}
	if err := serve(ctx, options); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
