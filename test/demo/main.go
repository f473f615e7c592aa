// Command demo shows the main job on a real control plane: it starts etcd, kube-apiserver, the controllers and the
// webhook on this machine, creates the Deployment of examples/flask-app, and shows what became of its Pods.
//
//	go -C test run ./demo          show and clean up
//	go -C test run ./demo -keep    show and leave it running until Ctrl-C
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	keep := flag.Bool("keep", false, "leave everything running until Ctrl-C, to try it with kubectl")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *keep)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}
