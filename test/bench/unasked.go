package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/test/bench/statistics"
)

// measureUnasked compares the creation of a Pod without any annotation of ours in a namespace where the API server has
// to look for one, with our default entries, and in one where it need not.
func measureUnasked(ctx context.Context, b *bench) (values, error) {
	c, err := startCluster(ctx)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	found, err := compareUnasked(ctx, b, c)
	return found, errors.Join(err, c.stop())
}

func compareUnasked(ctx context.Context, b *bench, c *cluster) (values, error) {
	if err := c.createNamespaces(ctx, []string{armSelected}, []string{armExcluded, armExcludedAgain}); err != nil {
		return nil, err
	}
	pod, err := sample.Pod()
	if err != nil {
		return nil, err
	}
	// One that asks is changed there, so that the entry is known to look at the one that does not.
	if _, err := c.waitUntilChanged(ctx, armSelected, pod); err != nil {
		return nil, err
	}
	maps.DeleteFunc(pod.Annotations, func(key, _ string) bool { return strings.Contains(key, annotation.Domain) })
	created, err := c.create(ctx, armSelected, pod)
	if err != nil {
		return nil, err
	}
	if hasStatus(created) {
		return nil, errors.New("a Pod that did not ask reached us")
	}
	body, err := json.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("writing the Pod: %w", err)
	}
	arms := c.arms(body, armSelected, armExcluded, armExcludedAgain)
	if _, err := interleave(ctx, createWarmUp, arms); err != nil {
		return nil, err
	}
	result, err := untilValid(b, func() (unaskedResult, error) { return unaskedOnce(ctx, b, arms) })
	return values{"create_unasked_added_ms": result.added, "create_unasked_aa_ms": result.same}, err
}

// unaskedResult is what our entries add to a create, and what nothing adds, in milliseconds.
type unaskedResult struct{ added, same float64 }

func (r unaskedResult) isNoisy() bool { return !isNothing(r.same) }

func unaskedOnce(ctx context.Context, b *bench, arms []arm) (unaskedResult, error) {
	samples, err := interleave(ctx, b.times(createRounds, createRoundsQuick), arms)
	if err != nil {
		return unaskedResult{}, err
	}
	b.logf("  a create takes %.2f ms", statistics.Median(samples[armExcluded]))
	logAdded := func(arm string) float64 { return b.logAdded(arm, samples[arm], samples[armExcluded]) }
	return unaskedResult{added: logAdded(armSelected), same: logAdded(armExcludedAgain)}, nil
}
