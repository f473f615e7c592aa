package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/cluster"
)

// importArchives makes the images of archives, as "make image ARCHIVE=FILE" and "docker save" write them, known to the
// nodes of the cluster that "up" started.
func importArchives(ctx context.Context, archives []string) error {
	if len(archives) == 0 {
		return errors.New("say what to import: import FILE")
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
		return fmt.Errorf("cluster %d does not run: start it with \"up\"", number)
	}
	state, err := cluster.ReadState(statePath)
	if err != nil {
		return err
	}
	for _, archive := range archives {
		// The nodes have working directories of their own.
		path, err := filepath.Abs(archive)
		if err != nil {
			return fmt.Errorf("finding %s: %w", archive, err)
		}
		if err := state.Import(ctx, path); err != nil {
			return err
		}
		fmt.Printf("imported %s into %d nodes\n", archive, len(state.Nodes))
	}
	return nil
}
