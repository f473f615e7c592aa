// Command build makes the images that the tests run on a node, so that no test has to wait for them, and prints the
// reference and the archive of each:
//
//	go -C test run ./images/build             what every run of the suite needs; as root
//	go -C test run ./images/build redis       the named software
//	go -C test run ./images/build -software   all of the software
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/probe-injector/probe-injector/test/images"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	software := flag.Bool("software", false, "make the images of all of the software")
	flag.Parse()
	err := run(ctx, *software, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run makes one image after the other.
func run(ctx context.Context, software bool, names []string) error {
	if software {
		var err error
		if names, err = images.SoftwareNames(); err != nil {
			return err
		}
	}
	wanted := []func(context.Context) (images.Image, error){images.Pause, images.Webhook, images.FlaskApp, images.Target}
	if len(names) > 0 {
		wanted = nil
	}
	for _, name := range names {
		wanted = append(wanted, func(ctx context.Context) (images.Image, error) { return images.Software(ctx, name) })
	}
	var failures []error
	for _, image := range wanted {
		made, err := image(ctx)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		fmt.Println(made.Reference, made.Archive)
	}
	return errors.Join(failures...)
}
