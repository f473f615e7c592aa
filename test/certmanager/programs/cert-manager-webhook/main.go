// Command cert-manager-webhook is cert-manager's own webhook: it completes and validates the objects of cert-manager's
// API, so that a Certificate that the real cert-manager would refuse is refused here too.
//
// The code that does it, the flags included, is cert-manager's.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/cert-manager/cert-manager/internal/webhook"
	"github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/webhook/options"
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

// run serves until the context ends.
func run(ctx context.Context, args []string) error {
	configuration, err := options.NewWebhookConfiguration()
	if err != nil {
		return fmt.Errorf("reading the defaults: %w", err)
	}
	flags := pflag.NewFlagSet("cert-manager-webhook", pflag.ContinueOnError)
	options.AddConfigFlags(flags, configuration)
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the arguments: %w", err)
	}
	logs.InitLogs()
	defer logs.FlushLogs()
	if err := logs.ValidateAndApply(&configuration.Logging); err != nil {
		return fmt.Errorf("setting up the log: %w", err)
	}
	log := logs.Log.WithName("webhook")
	ctrl.SetLogger(log)
	server, err := webhook.NewCertManagerWebhookServer(log, *configuration)
	if err != nil {
		return fmt.Errorf("preparing the webhook: %w", err)
	}
	return server.Run(logr.NewContext(ctx, log))
}
