// Command lowerbound is what ours is measured against: the same kind of server, controller-runtime's, with a handler that
// does the least that a mutating webhook can do.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/go-logr/logr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/probe-injector/probe-injector/test/bench/constant"
	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/test/bench/serving"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "lowerbound:", err)
		os.Exit(1)
	}
}

// run serves until it is killed.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("lowerbound", flag.ContinueOnError)
	address := flags.String("address", "", "where to listen, `HOST:PORT`")
	certificates := flags.String("cert-dir", "", "the `FOLDER` of tls.crt and tls.key")
	patch := flags.String("patch", "", "the `FILE` with the JSON patch that every answer holds")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctrllog.SetLogger(logr.Discard())
	handler, err := constant.NewHandler(*patch)
	if err != nil {
		return err
	}
	server, err := serving.NewServer(*address, *certificates)
	if err != nil {
		return err
	}
	server.Register(sample.Path, handler)
	return server.Start(ctx)
}
