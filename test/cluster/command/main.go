// Command command runs clusters of the package cluster, and the end-to-end suite on them:
//
//	command up              start a cluster and leave it running
//	command import FILE     make the image in an archive known to its nodes
//	command down            end it
//	command test ARGS       run go test with the arguments on the running cluster, or on one of its own
//
// $E2E_CLUSTER is the cluster's number, 0 if it is empty. If $E2E_KUBECONFIG is set, "test" uses that cluster, whoever
// made it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/probe-injector/probe-injector/test/node"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// run finds the subcommand. The last three are how this program calls itself.
func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to do: up, import, down or test")
	}
	subcommands := map[string]func(context.Context, []string) error{
		"up":        up,
		"down":      down,
		"import":    importArchives,
		"test":      test,
		"own":       ownCluster,
		"node-init": nodeInit,
		"node":      runNode,
	}
	subcommand, ok := subcommands[args[0]]
	if !ok {
		return fmt.Errorf("%q is none of up, import, down and test", args[0])
	}
	return subcommand(ctx, args[1:])
}

// clusterNumber is the number of the cluster that is meant.
func clusterNumber() (int, error) {
	text := os.Getenv("E2E_CLUSTER")
	if text == "" {
		return 0, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("E2E_CLUSTER has to be a number: %w", err)
	}
	return number, nil
}

// nodeCommand is how a cluster starts a node by this program.
func nodeCommand() ([]string, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	return []string{path, "node-init"}, nil
}

// nodeInit is process 1 of a node.
func nodeInit(_ context.Context, args []string) error {
	path, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	return node.Init(path, append([]string{"node"}, args...)...)
}

// runNode is the node itself.
func runNode(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("a node needs its configuration file")
	}
	config, err := node.ReadConfig(args[0])
	if err != nil {
		return err
	}
	return node.Run(ctx, config)
}
