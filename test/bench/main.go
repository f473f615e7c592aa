// Command bench measures what design goals say about speed and memory, and reports whether they hold:
//
//	go -C test run ./bench [-only REGEXP] [-quick]
//
// It prints one line for each figure, "bench NAME VALUE TARGET pass|fail", and ends with 1 if one fails; what it does
// meanwhile goes to stderr. Almost every figure is a ratio of two things that were measured in turn within the same
// seconds, or a count of allocations: those mean the same on every machine. Where noise could decide, the same server
// runs twice and is compared with itself (the A/A arm), and a measurement in which the two differ is noisy and repeated.
//
// Start at experiments.go, the table of all figures with their targets.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures what the arguments ask for.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "measure only the figures whose names match the `REGEXP`")
	quick := flags.Bool("quick", false, "measure just enough to see that everything works; the verdicts mean little")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	return measureAll(ctx, &bench{quick: *quick, log: stderr}, experiments(), pattern, stdout)
}

// measureAll runs the experiments with a figure that matches, and prints those figures. An experiment that cannot be
// run does not keep the others from it.
func measureAll(ctx context.Context, b *bench, all []experiment, only *regexp.Regexp, stdout io.Writer) error {
	var failures []error
	for _, experiment := range all {
		wanted := experiment.matching(only)
		if len(wanted) == 0 {
			continue
		}
		b.logf("measuring %s", experiment.subject)
		values, err := experiment.measure(ctx, b)
		if err != nil {
			failures = append(failures, fmt.Errorf("measuring %s: %w", experiment.subject, err))
			continue
		}
		for _, figure := range wanted {
			value, ok := values[figure.name]
			if !ok {
				failures = append(failures, fmt.Errorf("measuring %s: there is no %s", experiment.subject, figure.name))
				continue
			}
			fmt.Fprintln(stdout, figure.line(value))
			if !figure.target.isMetBy(value) {
				failures = append(failures, fmt.Errorf("%s misses its target", figure.name))
			}
		}
	}
	return errors.Join(failures...)
}
