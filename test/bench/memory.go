package main

import (
	"context"
	"errors"

	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/test/server"
)

const (
	// memoryReviews is how many reviews our server has answered when its memory is looked at.
	memoryReviews, memoryReviewsQuick = 100_000, 5_000
	// memoryConnections is how many of them are under way at the same time.
	memoryConnections = 25
)

// measureMemory looks at the memory of our server as it is installed, after many reviews.
func measureMemory(ctx context.Context, b *bench) (values, error) {
	body, err := sample.Review()
	if err != nil {
		return nil, err
	}
	program, err := server.Build(ctx)
	if err != nil {
		return nil, err
	}
	if err := forget(program); err != nil {
		return nil, err
	}
	ours, err := server.Start(ctx, server.Options{Program: program, Env: ownRuntime()})
	if err != nil {
		return nil, err
	}
	rss, err := memoryAfter(ctx, b, ours, body, b.times(memoryReviews, memoryReviewsQuick))
	return values{"rss_mib": rss}, errors.Join(err, ours.Stop())
}

func memoryAfter(ctx context.Context, b *bench, ours *server.Server, body []byte, reviews int) (float64, error) {
	fresh, err := memoryOf(ours.Process().PID())
	if err != nil {
		return 0, err
	}
	client := ourClient(ours)
	defer client.close()
	if err := client.reviews(ctx, body, reviews, memoryConnections); err != nil {
		return 0, err
	}
	after, err := memoryOf(ours.Process().PID())
	if err != nil {
		return 0, err
	}
	b.logf("  %.1f MiB when it was ready, %.1f of them its own and the others the program's file", fresh.resident, fresh.anonymous)
	b.logf("  %.1f MiB after %d reviews, %.1f of them its own; never more than %.1f", after.resident, reviews, after.anonymous, after.peak)
	return after.resident, nil
}
