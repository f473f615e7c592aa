// Command webhook is the server: it answers the API server's admission reviews for new Pods, and is all that is in the
// image. What it knows is in its flags, a policy file and a certificate. It needs no access to the Kubernetes API, unless
// --tls-secret makes it keep certificates itself.
//
// Start at run, which puts the parts together and takes them down in order.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	// The first signal begins the drain. From then on a second one has its usual effect and ends the process at once.
	context.AfterFunc(ctx, stop)
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "probe-injector webhook:", err)
		os.Exit(1)
	}
}
