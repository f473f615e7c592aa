package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/cluster"
)

// grace is how long go test may take to end after Ctrl-C.
const grace = 30 * time.Second

// test runs go test with the arguments on a cluster: the one of $E2E_KUBECONFIG, the one that "up" started, or one that
// is started for it and taken down however the test ends.
func test(ctx context.Context, args []string) (err error) {
	if os.Getenv("E2E_KUBECONFIG") != "" {
		return goTest(ctx, args, nil)
	}
	number, err := clusterNumber()
	if err != nil {
		return err
	}
	statePath, running, err := cluster.Running(number)
	if err != nil {
		return err
	}
	if !running {
		command, err := nodeCommand()
		if err != nil {
			return err
		}
		began := time.Now()
		started, err := cluster.Start(ctx, cluster.Options{Number: number, NodeCommand: command})
		if err != nil {
			return err
		}
		fmt.Printf("a cluster of two nodes runs after %s\n", time.Since(began).Round(time.Second))
		defer func() { err = errors.Join(err, started.Stop()) }()
		statePath = started.StatePath()
	}
	state, err := cluster.ReadState(statePath)
	if err != nil {
		return err
	}
	return goTest(ctx, args, []string{"E2E_KUBECONFIG=" + state.Kubeconfig, "E2E_CLUSTER_STATE=" + statePath})
}

// goTest runs go test in the module of the tests. It ends itself on the signal that ends us.
func goTest(ctx context.Context, args, env []string) error {
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"test"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(root, "test"), os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = grace
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go test: %w", err)
	}
	return nil
}
