package main

import (
	"context"
	"errors"

	"github.com/probe-injector/probe-injector/test/bench/statistics"
	"github.com/probe-injector/probe-injector/test/server"
)

// readyStarts is how often the server is started.
const readyStarts, readyStartsQuick = 5, 2

// measureReady measures the time from the start of our server's process until it says that it is ready, which it is
// asked every 50 ms.
func measureReady(ctx context.Context, b *bench) (values, error) {
	var seconds []float64
	for range b.times(readyStarts, readyStartsQuick) {
		took, err := secondsToReady(ctx)
		if err != nil {
			return nil, err
		}
		seconds = append(seconds, took)
	}
	b.logf("  %.2f seconds each", seconds)
	return values{"ready_seconds": statistics.Median(seconds)}, nil
}

func secondsToReady(ctx context.Context) (float64, error) {
	// Start also builds the program, so the time counts from what the kernel says about the process.
	ours, err := server.Start(ctx, server.Options{Env: ownRuntime()})
	if err != nil {
		return 0, err
	}
	old, err := age(ours.Process().PID())
	return old.Seconds(), errors.Join(err, ours.Stop())
}
