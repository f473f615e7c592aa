package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/test/bench/statistics"
	"github.com/probe-injector/probe-injector/test/server"
)

// The arms of the comparison of a preflight with the review of a Pod of the workload's template.
const (
	armPod      = "Pod"
	armPodAgain = "Pod again"
	armCreate   = "preflight of a create"
	armUpdate   = "preflight of an update"
)

// measurePreflightCPU compares what our server spends on the review of a workload, created and changed, with what it spends on that
// of a Pod of its template. The same process answers all, in turn.
func measurePreflightCPU(ctx context.Context, b *bench) (values, error) {
	bodies, err := preflightBodies()
	if err != nil {
		return nil, err
	}
	result, err := untilValid(b, func() (preflightCPU, error) { return preflightCPUOnce(ctx, b, bodies) })
	if err != nil {
		return nil, err
	}
	return values{"cpu_preflight_aa": result.same, "cpu_preflight_create_vs_pod": result.create, "cpu_preflight_update_vs_pod": result.update}, nil
}

// preflightCPU is what reviews cost as parts of what that of a Pod does.
type preflightCPU struct{ same, create, update float64 }

func (r preflightCPU) isNoisy() bool { return !sameServer().isMetBy(r.same) }

// preflightBody is a review and where it goes.
type preflightBody struct {
	arm, path string
	body      []byte
}

func preflightBodies() ([]preflightBody, error) {
	pod, err := sample.Review()
	if err != nil {
		return nil, err
	}
	before, err := sample.Deployment()
	if err != nil {
		return nil, err
	}
	after := before.DeepCopy()
	after.Spec.Template.Spec.Containers[0].Image += "-next"
	created, err := sample.WorkloadReview(nil, after)
	if err != nil {
		return nil, err
	}
	updated, err := sample.WorkloadReview(before, after)
	if err != nil {
		return nil, err
	}
	return []preflightBody{
		{armPod, sample.Path, pod},
		{armPodAgain, sample.Path, pod},
		{armCreate, sample.PreflightPath, created},
		{armUpdate, sample.PreflightPath, updated},
	}, nil
}

func preflightCPUOnce(ctx context.Context, b *bench, bodies []preflightBody) (preflightCPU, error) {
	samples := map[string][]float64{}
	for range b.times(cpuLaunches, cpuLaunchesQuick) {
		ours, err := server.Start(ctx, server.Options{Env: sameRuntime()})
		if err != nil {
			return preflightCPU{}, err
		}
		launch, err := preflightCPUOf(ctx, b, ours, bodies)
		if err = errors.Join(err, ours.Stop()); err != nil {
			return preflightCPU{}, err
		}
		for name, more := range launch {
			samples[name] = append(samples[name], more...)
		}
	}
	toPod := func(arm string) float64 {
		ratio := statistics.Summarize(statistics.Ratios(samples[arm], samples[armPod]))
		b.logf("  %s / %s: %.3f (95%%: %.3f to %.3f)", arm, armPod, ratio.Center, ratio.Lo, ratio.Hi)
		return ratio.Center
	}
	return preflightCPU{same: toPod(armPodAgain), create: toPod(armCreate), update: toPod(armUpdate)}, nil
}

// preflightRequests are the reviews that each arm gets in its turn.
const preflightRequests = 1500

// preflightCPUOf measures a server that runs.
func preflightCPUOf(ctx context.Context, b *bench, ours *server.Server, bodies []preflightBody) (map[string][]float64, error) {
	requests := b.times(preflightRequests, preflightRequests/quickShare)
	var arms []arm
	for _, each := range bodies {
		client := newClient(ours.URL(each.path), ours.Authority())
		defer client.close()
		s := cpuServer{each.arm, ours.Process().PID(), client}
		sampleCPU := func(ctx context.Context) (float64, error) { return s.cost(ctx, each.body, requests) }
		if _, err := sampleCPU(ctx); err != nil {
			return nil, fmt.Errorf("warming up %s: %w", each.arm, err)
		}
		arms = append(arms, arm{each.arm, sampleCPU})
	}
	return interleave(ctx, b.times(cpuRounds, cpuRoundsQuick), arms)
}
