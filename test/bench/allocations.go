package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/webhook"
)

// measureAllocations runs our handler within this process, without the network, where Go counts allocations exactly,
// on the recorded review and on ones with 10, 100 and 1000 environment variables. What no decision needs must not be
// paid for more than once.
func measureAllocations(ctx context.Context, b *bench) (values, error) {
	body, err := sample.Review()
	if err != nil {
		return nil, err
	}
	recorded, err := benchmarkHandler(ctx, body)
	if err != nil {
		return nil, err
	}
	b.logf("  the recorded review: %s %s", recorded, recorded.MemString())
	found := values{
		"allocs_per_review": float64(recorded.AllocsPerOp()),
		"bytes_per_review":  float64(recorded.AllocedBytesPerOp()),
	}
	var before testing.BenchmarkResult
	for _, variables := range []int{10, 100, 1000} {
		body, err := sample.LargeReview(1, variables)
		if err != nil {
			return nil, err
		}
		result, err := benchmarkHandler(ctx, body)
		if err != nil {
			return nil, err
		}
		b.logf("  %d variables: %s %s", variables, result, result.MemString())
		if before.N > 0 {
			decade := fmt.Sprintf("%d_to_%d", variables/10, variables)
			found["allocs_growth_"+decade] = ratio(result.AllocsPerOp(), before.AllocsPerOp())
			found["bytes_growth_"+decade] = ratio(result.AllocedBytesPerOp(), before.AllocedBytesPerOp())
			found["time_growth_"+decade] = ratio(result.NsPerOp(), before.NsPerOp())
		}
		before = result
	}
	return found, nil
}

func ratio(of, by int64) float64 { return float64(of) / float64(by) }

// benchmarkHandler answers the same review again and again.
func benchmarkHandler(ctx context.Context, body []byte) (testing.BenchmarkResult, error) {
	handler, err := newHandler()
	if err != nil {
		return testing.BenchmarkResult{}, err
	}
	reader := bytes.NewReader(body)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, sample.Path, io.NopCloser(reader))
	if err != nil {
		return testing.BenchmarkResult{}, fmt.Errorf("making a request: %w", err)
	}
	request.ContentLength = int64(len(body))
	request.Header.Set("Content-Type", "application/json")
	writer := &discard{header: http.Header{}}
	result := testing.Benchmark(func(t *testing.B) {
		t.ReportAllocs()
		for t.Loop() {
			reader.Reset(body)
			handler.ServeHTTP(writer, request)
		}
	})
	if writer.status != http.StatusOK {
		return testing.BenchmarkResult{}, fmt.Errorf("the handler answers %d", writer.status)
	}
	if result.N == 0 {
		return testing.BenchmarkResult{}, errors.New("the benchmark did not run")
	}
	return result, nil
}

// newHandler is our handler as the server runs it, with the default policy and a log that nobody reads.
func newHandler() (http.Handler, error) {
	defaults := policy.Default("v0.0.0")
	return webhook.New(webhook.Options{
		Policy:     func() webhook.Decider { return defaults },
		Logger:     slog.New(slog.NewJSONHandler(io.Discard, nil)), //nolint:sloglint // what it allocates counts
		Registerer: prometheus.NewRegistry(),
	})
}

// discard is a response writer that keeps nothing but the status.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
