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

// up starts a cluster in a process that goes on when this one ends.
func up(ctx context.Context, _ []string) error {
	number, err := clusterNumber()
	if err != nil {
		return err
	}
	statePath, running, err := cluster.Running(number)
	if err != nil {
		return err
	}
	if !running {
		if statePath, err = startOwner(ctx, number); err != nil {
			return err
		}
	}
	state, err := cluster.ReadState(statePath)
	if err != nil {
		return err
	}
	fmt.Printf("cluster %d runs; make e2e uses it, make e2e-down ends it\nexport KUBECONFIG=%s\n", number, state.Kubeconfig)
	return nil
}

// startOwner starts the owner of a cluster and waits until the cluster runs.
func startOwner(ctx context.Context, number int) (statePath string, err error) {
	root, err := checkout.Root()
	if err != nil {
		return "", err
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	logPath := filepath.Join(root, ".cache", "e2e", fmt.Sprintf("%d.log", number))
	if err := os.MkdirAll(filepath.Dir(logPath), 0o755); err != nil {
		return "", fmt.Errorf("making the folder of clusters: %w", err)
	}
	log, err := os.Create(logPath)
	if err != nil {
		return "", fmt.Errorf("opening the cluster's log: %w", err)
	}
	defer log.Close()
	// Not bound to our context: it stays. A session of its own keeps it out of the terminal's reach.
	owner := exec.CommandContext(context.WithoutCancel(ctx), path, "own")
	owner.Dir, owner.Stdout, owner.Stderr = root, log, log
	owner.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := owner.Start(); err != nil {
		return "", fmt.Errorf("starting the cluster: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- owner.Wait() }()
	for {
		// While it starts, the cluster is neither running nor absent.
		statePath, running, err := cluster.Running(number)
		if err == nil && running {
			return statePath, nil
		}
		select {
		case err := <-ended:
			return "", endedEarly(logPath, err)
		case <-ctx.Done():
			return "", errors.Join(ctx.Err(), cluster.Down(context.WithoutCancel(ctx), number))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// endedEarly says what the owner said.
func endedEarly(logPath string, err error) error {
	content, reading := os.ReadFile(logPath)
	return errors.Join(fmt.Errorf("the cluster did not start: %w\n%s", err, content), reading)
}

// ownCluster starts a cluster and ends it on SIGTERM.
func ownCluster(ctx context.Context, _ []string) error {
	number, err := clusterNumber()
	if err != nil {
		return err
	}
	command, err := nodeCommand()
	if err != nil {
		return err
	}
	running, err := cluster.Start(ctx, cluster.Options{Number: number, NodeCommand: command})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return running.Stop()
}

// down ends the cluster.
func down(ctx context.Context, _ []string) error {
	number, err := clusterNumber()
	if err != nil {
		return err
	}
	return cluster.Down(ctx, number)
}
