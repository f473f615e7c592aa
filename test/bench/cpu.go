package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/probe-injector/probe-injector/test/bench/baseline"
	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/test/bench/statistics"
	"github.com/probe-injector/probe-injector/test/server"
)

const (
	// cpuLaunches is how often all servers are started anew: a process can be a tenth faster than its twin for as long
	// as it lives, by the luck of where its memory lies.
	cpuLaunches, cpuLaunchesQuick = 6, 1
	// cpuRounds is how often every server has its turn after each start.
	cpuRounds, cpuRoundsQuick = 4, 4
	// cpuConnections is how many reviews an API server has under way at the same time, on a day with some traffic.
	cpuConnections = 4
	// typedShare is how much fewer reviews the typed server gets in its turn, because each takes it so much longer.
	typedShare = 8
	// quickShare is how much fewer reviews all get for a quick look.
	quickShare = 5
)

// smallReview is the recorded one, with its Pod of 4 KB.
func smallReview() ([]byte, error) { return sample.Review() }

// largeReview is one of 130 KB: most of it is what no decision needs.
func largeReview() ([]byte, error) { return sample.LargeReview(10, 300) }

// cpuExperiment compares what a review of some size costs several servers in CPU time, user and system, as the kernel
// accounts it to their processes. That includes TLS and HTTP.
type cpuExperiment struct {
	// size is how the figures' names end.
	size   string
	review func() ([]byte, error)
	// requests are those that a server gets in its turn.
	requests int
}

func (e cpuExperiment) measure(ctx context.Context, b *bench) (values, error) {
	body, err := e.review()
	if err != nil {
		return nil, err
	}
	result, err := untilValid(b, func() (cpuResult, error) { return e.compare(ctx, b, body) })
	if err != nil {
		return nil, err
	}
	return values{
		"cpu_aa_" + e.size:                  result.lowerBound.same,
		"cpu_per_review_vs_floor_" + e.size: result.lowerBound.corrected(),
		"cpu_per_review_vs_bare_" + e.size:  result.toBare,
		"cpu_per_review_vs_typed_" + e.size: result.toTyped,
	}, nil
}

// cpuResult is what a review costs us in comparison.
type cpuResult struct {
	lowerBound      comparison
	toBare, toTyped float64
}

func (r cpuResult) isNoisy() bool { return r.lowerBound.isNoisy() }

// compare measures all servers in turn, and starts them again several times.
func (e cpuExperiment) compare(ctx context.Context, b *bench, body []byte) (cpuResult, error) {
	samples := map[string][]float64{}
	for range b.times(cpuLaunches, cpuLaunchesQuick) {
		servers, err := startCPUServers(ctx, body)
		if err != nil {
			return cpuResult{}, errors.Join(err, servers.stop())
		}
		launch, err := e.launch(ctx, b, servers, body)
		if err = errors.Join(err, servers.stop()); err != nil {
			return cpuResult{}, err
		}
		for name, more := range launch {
			samples[name] = append(samples[name], more...)
		}
	}
	return newCPUResult(b, samples), nil
}

// launch measures the servers that run now.
func (e cpuExperiment) launch(ctx context.Context, b *bench, servers *cpuServers, body []byte) (map[string][]float64, error) {
	var arms []arm
	for _, server := range servers.all() {
		requests := b.times(e.requests, e.requests/quickShare)
		if server.name == armTyped {
			requests /= typedShare
		}
		sampleCPU := func(ctx context.Context) (float64, error) { return server.cost(ctx, body, requests) }
		// The first turn fills buffers, pools and the heap.
		if _, err := sampleCPU(ctx); err != nil {
			return nil, fmt.Errorf("warming up %s: %w", server.name, err)
		}
		arms = append(arms, arm{server.name, sampleCPU})
	}
	return interleave(ctx, b.times(cpuRounds, cpuRoundsQuick), arms)
}

// newCPUResult compares the samples of all arms.
func newCPUResult(b *bench, samples map[string][]float64) cpuResult {
	for _, arm := range []string{armOurs, armLowerBound, armLowerBoundAgain, armBare, armTyped} {
		b.logf("  %s: %.1f µs of CPU per review", arm, statistics.Median(samples[arm])*1e6)
	}
	logRatio := func(of, to string) float64 {
		ratio := statistics.Summarize(statistics.Ratios(samples[of], samples[to]))
		b.logf("  %s / %s: %.3f (95%%: %.3f to %.3f)", of, to, ratio.Center, ratio.Lo, ratio.Hi)
		return ratio.Center
	}
	return cpuResult{
		lowerBound: comparison{ratio: logRatio(armOurs, armLowerBound), same: logRatio(armLowerBoundAgain, armLowerBound)},
		toBare:     logRatio(armOurs, armBare),
		toTyped:    logRatio(armOurs, armTyped),
	}
}

// cpuServers are the processes that are compared.
type cpuServers struct {
	ours                        *server.Server
	lowerBound, lowerBoundAgain *baseline.Server
	bare                        *baseline.Server
	typed                       *baseline.Server
	clients                     []*client
}

// cpuServer is one of them.
type cpuServer struct {
	name   string
	pid    int
	client *client
}

// startCPUServers starts all servers so that they make the same of the review, and sees to it that they do. What was
// started is returned with an error, too.
func startCPUServers(ctx context.Context, body []byte) (*cpuServers, error) {
	s := &cpuServers{}
	var err error
	if s.ours, err = server.Start(ctx, server.Options{Env: sameRuntime()}); err != nil {
		return s, err
	}
	patch, err := patchBy(ctx, ourClient(s.ours), body)
	if err != nil {
		return s, err
	}
	patched, err := sample.Patched(body, patch)
	if err != nil {
		return s, err
	}
	changes, err := sample.ChangesOf(body, patched)
	if err != nil {
		return s, err
	}
	if s.lowerBound, err = baseline.StartLowerBound(ctx, patch, sameRuntime()); err != nil {
		return s, err
	}
	if s.lowerBoundAgain, err = baseline.StartLowerBound(ctx, patch, sameRuntime()); err != nil {
		return s, err
	}
	if s.bare, err = baseline.StartBare(ctx, patch, sameRuntime()); err != nil {
		return s, err
	}
	if s.typed, err = baseline.StartTyped(ctx, changes, sameRuntime()); err != nil {
		return s, err
	}
	return s, s.agree(ctx, body, patch)
}

// agree returns an error unless the lower bound's patch is ours byte by byte, and the typed server's makes the same Pod.
func (s *cpuServers) agree(ctx context.Context, body, ours []byte) error {
	want, err := sample.Patched(body, ours)
	if err != nil {
		return err
	}
	for _, other := range []*baseline.Server{s.lowerBound, s.lowerBoundAgain, s.bare, s.typed} {
		client := newClient(other.URL(), other.Authority())
		patch, err := patchBy(ctx, client, body)
		if err != nil {
			return err
		}
		if other != s.typed && !bytes.Equal(patch, ours) {
			return fmt.Errorf("the lower bound's patch is not ours, but %s", patch)
		}
		got, err := sample.Patched(body, patch)
		if err != nil {
			return err
		}
		if !equality.Semantic.DeepEqual(got, want) {
			return fmt.Errorf("another server's patch makes another Pod than ours: %s and %s", patch, ours)
		}
	}
	return nil
}

// patchBy is the patch that a server answers with.
func patchBy(ctx context.Context, from *client, body []byte) ([]byte, error) {
	defer from.close()
	answer, err := from.review(ctx, body)
	if err != nil {
		return nil, err
	}
	return sample.Patch(answer)
}

func ourClient(ours *server.Server) *client {
	return newClient(ours.URL(sample.Path), ours.Authority())
}

// all returns the servers with clients of their own, which stop gives back.
func (s *cpuServers) all() []cpuServer {
	servers := []cpuServer{{armOurs, s.ours.Process().PID(), ourClient(s.ours)}}
	for _, other := range []struct {
		name   string
		server *baseline.Server
	}{{armLowerBound, s.lowerBound}, {armLowerBoundAgain, s.lowerBoundAgain}, {armBare, s.bare}, {armTyped, s.typed}} {
		servers = append(servers, cpuServer{other.name, other.server.PID(), newClient(other.server.URL(), other.server.Authority())})
	}
	for _, server := range servers {
		s.clients = append(s.clients, server.client)
	}
	return servers
}

// cost is the CPU time of one review in seconds, as the mean of many.
func (s *cpuServer) cost(ctx context.Context, body []byte, requests int) (float64, error) {
	before, err := cpuTime(s.pid)
	if err != nil {
		return 0, err
	}
	if err := s.client.reviews(ctx, body, requests, cpuConnections); err != nil {
		return 0, err
	}
	after, err := cpuTime(s.pid)
	if err != nil {
		return 0, err
	}
	return (after - before).Seconds() / float64(requests), nil
}

// stop ends what was started.
func (s *cpuServers) stop() error {
	for _, client := range s.clients {
		client.close()
	}
	var failures []error
	if s.ours != nil {
		failures = append(failures, s.ours.Stop())
	}
	for _, other := range []*baseline.Server{s.lowerBound, s.lowerBoundAgain, s.bare, s.typed} {
		if other != nil {
			failures = append(failures, other.Stop())
		}
	}
	return errors.Join(failures...)
}
