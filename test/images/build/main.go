// Command build makes the images that the tests run on a node, so that no test has to wait for them, and prints the
// reference and the archive of each:
//
//	go run ./test/images/build              as root
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/probe-injector/probe-injector/test/images"
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

// run makes one image after the other.
func run(ctx context.Context) error {
	var failures []error
	for _, image := range []func(context.Context) (images.Image, error){
		images.Pause, images.Webhook, images.FlaskApp, images.Target,
	} {
		made, err := image(ctx)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		fmt.Println(made.Reference, made.Archive)
	}
	return errors.Join(failures...)
}
