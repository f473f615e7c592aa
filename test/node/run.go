package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/probe-injector/probe-injector/test/process"
)

// startTimeout is how long the three programs may take in all. Ten seconds are usual.
const startTimeout = 2 * time.Minute

// ReadyFile is the file in the node's folder that says that its programs run.
const ReadyFile = "ready"

// Run is the node. It returns when the context ends or one of the programs does.
func Run(ctx context.Context, config Config) error {
	if err := prepare(ctx, config); err != nil {
		return err
	}
	running, err := startAll(ctx, config)
	if err == nil {
		err = os.WriteFile(filepath.Join(config.Dir, ReadyFile), nil, 0o600)
	}
	if err == nil {
		err = waitForTheEnd(ctx, running)
	}
	// The containers need no graceful end: the namespace ends with all that is in it.
	for _, process := range slices.Backward(running) {
		err = errors.Join(err, process.Kill())
	}
	return err
}

// prepare makes everything that has to be there before the programs.
func prepare(ctx context.Context, config Config) error {
	if err := syscall.Sethostname([]byte(config.Name)); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	if err := mountFolders(config.Dir); err != nil {
		return err
	}
	if err := connect(ctx, config); err != nil {
		return err
	}
	return writeNetworkPlugins(config)
}

func startAll(ctx context.Context, config Config) ([]*process.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	wanted, err := programs(config)
	if err != nil {
		return nil, err
	}
	running := make([]*process.Process, 0, len(wanted))
	for _, program := range wanted {
		started, err := program.start(ctx, config.Dir)
		if started != nil {
			running = append(running, started)
		}
		if err != nil {
			return running, err
		}
	}
	return running, nil
}

// waitForTheEnd returns nil when we are told to end, and an error when a program ends by itself.
func waitForTheEnd(ctx context.Context, running []*process.Process) error {
	ended := make(chan *process.Process)
	for _, program := range running {
		go func() {
			<-program.Done()
			select {
			case ended <- program:
			case <-ctx.Done():
			}
		}()
	}
	select {
	case <-ctx.Done():
		return nil
	case program := <-ended:
		return program.Failure("ended by itself")
	}
}
