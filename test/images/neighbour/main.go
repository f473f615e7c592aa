// Command neighbour plays the parts of another product that changes Pods, such as a service mesh:
//
//	neighbour webhook CERTIFICATES CHANGES     a mutating webhook that adds containers and takes over probes
//	neighbour proxy                            the container that it adds
//
// CERTIFICATES is a folder with tls.crt and tls.key. CHANGES is a folder with a file for each way of changing Pods, which
// the webhook serves by the file's name: see change. The proxy answers the kubelet's probes in the place of the
// containers beside it, as Istio's agent does: see prober.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// grace is how long requests have to end after SIGTERM.
const grace = 2 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run plays the part that is asked for.
func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 3 && args[0] == "webhook":
		return serveWebhook(ctx, args[1], args[2])
	case len(args) == 1 && args[0] == "proxy":
		return serveProxy(ctx, os.Getenv(probersVariable))
	}
	return errors.New(`say "webhook CERTIFICATES CHANGES" or "proxy"`)
}

// serve runs a server until the context ends. Without certificate files it serves plain HTTP.
func serve(ctx context.Context, server *http.Server, certificate, key string) error {
	listening := make(chan error, 1)
	go func() {
		if certificate == "" {
			listening <- server.ListenAndServe()
		} else {
			listening <- server.ListenAndServeTLS(certificate, key)
		}
	}()
	select {
	case err := <-listening:
		return fmt.Errorf("serving on %s: %w", server.Addr, err)
	case <-ctx.Done():
	}
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer stop()
	if err := server.Shutdown(ending); err != nil {
		return fmt.Errorf("ending the server on %s: %w", server.Addr, err)
	}
	return nil
}
