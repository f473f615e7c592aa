// Command matrix runs the tests that need a real API server against several versions of Kubernetes, one after the other:
//
//	go -C test run ./matrix              all versions that test/binaries pins
//	go -C test run ./matrix 1.30 1.37    the named ones
//	go -C test run ./matrix -package ./preflight -package ./explain 1.34
//
// What is missing of a version is built first, which takes several minutes, once. A failure does not keep the other
// versions from their turn. The last lines are a table of what each API server said that it is, and of what came out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/probe-injector/probe-injector/test/binaries"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// testTimeout ends the tests of a package that hang. The slowest takes little more than a minute on two cores.
const testTimeout = "15m"

// dependent are the packages whose tests depend on the version of the API server.
func dependent() []string {
	return []string{"./controlplane", "./integration", "./chart", "./selfmanaged", "./preflight", "./explain"}
}

// result is what came out of one version.
type result struct {
	minor, version string
	took           time.Duration
	err            error
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var packages []string
	flag.Func("package", "run the tests of this `PACKAGE` alone; may be repeated", func(name string) error {
		packages = append(packages, name)
		return nil
	})
	flag.Parse()
	if len(packages) == 0 {
		packages = dependent()
	}
	err := run(ctx, packages, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run tests each version and prints the table.
func run(ctx context.Context, packages, minors []string) error {
	if len(minors) == 0 {
		var err error
		if minors, err = binaries.Minors(); err != nil {
			return err
		}
	}
	var results []result
	for _, minor := range minors {
		if ctx.Err() != nil {
			break
		}
		results = append(results, try(ctx, packages, minor))
	}
	failures := []error{ctx.Err()}
	fmt.Printf("\n%-12s%-16s%-10s%s\n", "Kubernetes", "API server", "tests", "took")
	for _, r := range results {
		fmt.Printf("%-12s%-16s%-10s%s\n", r.minor, r.version, r.outcome(), r.took.Round(time.Second))
		if r.err != nil {
			failures = append(failures, fmt.Errorf("on Kubernetes %s: %w", r.minor, r.err))
		}
	}
	return errors.Join(failures...)
}

// try runs the tests on one version.
func try(ctx context.Context, packages []string, minor string) result {
	r := result{minor: minor}
	if r.version, r.err = askVersion(ctx, minor); r.err != nil {
		return r
	}
	fmt.Printf("\nKubernetes %s: the API server says that it is %s\n", minor, r.version)
	started := time.Now()
	r.err = test(ctx, packages, minor)
	r.took = time.Since(started)
	return r
}

// askVersion starts a control plane, building it if need be, and returns what its API server says of itself. It is an
// error if that is another version, here and in every test.
func askVersion(ctx context.Context, minor string) (version string, err error) {
	plane, err := controlplane.Start(ctx, controlplane.Options{Kubernetes: minor, Controllers: true})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()
	return plane.Version(), nil
}

// test runs go test.
func test(ctx context.Context, packages []string, minor string) error {
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-count=1", "-timeout=" + testTimeout}, packages...)...)
	cmd.Env = append(os.Environ(), binaries.WantedVariable+"="+minor)
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(root, "test"), os.Stdout, os.Stderr
	// Tests that are interrupted take down what they have started.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go test: %w", err)
	}
	return nil
}

// outcome is a word for the table.
func (r result) outcome() string {
	if r.err != nil {
		return "failed"
	}
	return "passed"
}
