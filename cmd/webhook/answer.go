package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/spf13/pflag"
)

// connectTimeout is more than any network takes in which an API server could call us within webhook.timeoutSeconds.
const connectTimeout = 5 * time.Second

// answerOptions are those of the Pod that helm test runs, so that it needs no other image than ours.
type answerOptions struct {
	// status is what the webhook wrote on the Pod. It is shown if isShown is true.
	status  string
	isShown bool
	// address is where the webhook must listen, if it is not empty.
	address string
}

func (o *answerOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.status, "show-answer", "", "print the `STATUS` that a Pod got from the webhook and end; it is an error if that is empty")
	f.StringVar(&o.address, "connect-to", "", "connect to the `ADDRESS` of a running webhook and end")
}

// isAsked reports whether the process is to do this and nothing else.
func (o *answerOptions) isAsked() bool { return o.isShown || o.address != "" }

// run prints what became of it.
func (o *answerOptions) run(ctx context.Context, stdout io.Writer) error {
	if o.isShown {
		if o.status == "" {
			return errors.New("this Pod asked for probes and got no answer: the API server did not call the webhook")
		}
		if _, err := fmt.Fprintln(stdout, "The webhook answered:", o.status); err != nil {
			return err
		}
	}
	if o.address == "" {
		return nil
	}
	dialer := net.Dialer{Timeout: connectTimeout}
	connection, err := dialer.DialContext(ctx, "tcp", o.address)
	if err != nil {
		return fmt.Errorf("the webhook cannot be reached: %w", err)
	}
	if _, err := fmt.Fprintln(stdout, "The webhook listens at", o.address); err != nil {
		return err
	}
	return connection.Close()
}
