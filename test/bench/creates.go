package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/probe-injector/probe-injector/test/bench/baseline"
	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/test/bench/statistics"
)

const (
	// createRounds is how often a Pod is created in the namespace of each arm.
	createRounds, createRoundsQuick = 1500, 100
	// createWarmUp is how often before that, when the API server still compiles expressions and opens connections.
	createWarmUp = 20
)

// measureCreates compares the creation of the same annotated Pod, on dry run at a real API server, in namespaces that
// nothing, our webhook, the lower bound, its twin, and an equivalent MutatingAdmissionPolicy change. The lower bound and its twin
// are registered like our webhook, with its condition, so that the difference is the server's; the lower bound once more
// without any condition shows what that costs.
func measureCreates(ctx context.Context, b *bench) (values, error) {
	c, err := startCluster(ctx)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	found, err := compareCreates(ctx, b, c)
	return found, errors.Join(err, c.stop())
}

func compareCreates(ctx context.Context, b *bench, c *cluster) (found values, err error) {
	review, err := sample.Review()
	if err != nil {
		return nil, err
	}
	patch, err := patchBy(ctx, ourClient(c.ours), review)
	if err != nil {
		return nil, err
	}
	if err := c.createNamespaces(ctx, []string{armOurs}, []string{armNone, armLowerBound, armLowerBoundAgain, armLowerBoundBare, armNative}); err != nil {
		return nil, err
	}
	for _, arm := range []string{armLowerBound, armLowerBoundAgain, armLowerBoundBare} {
		lowerBound, startErr := baseline.StartLowerBound(ctx, patch, sameRuntime())
		if startErr != nil {
			return nil, startErr
		}
		defer func() { err = errors.Join(err, lowerBound.Stop()) }()
		if err := c.register(ctx, arm, lowerBound, arm != armLowerBoundBare); err != nil {
			return nil, err
		}
	}
	if err := installNative(ctx, c.plane.Client(), patch, onlyIn(armNative)); err != nil {
		return nil, err
	}
	pod, err := sample.Pod()
	if err != nil {
		return nil, err
	}
	if err := c.agree(ctx, pod); err != nil {
		return nil, err
	}
	body, err := json.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("writing the Pod: %w", err)
	}
	arms := c.arms(body, armNone, armOurs, armLowerBound, armLowerBoundAgain, armLowerBoundBare, armNative)
	if _, err := interleave(ctx, createWarmUp, arms); err != nil {
		return nil, err
	}
	result, err := untilValid(b, func() (createResult, error) { return createOnce(ctx, b, arms) })
	if err != nil {
		return nil, err
	}
	return values{
		"create_aa":                  result.same,
		"create_added_p50_vs_floor":  result.corrected(),
		"create_added_p50_ms_native": result.added[armNative],
		"create_added_p50_ms_bare":   result.added[armLowerBoundBare],
		"create_added_p50_ms_floor":  result.added[armLowerBound],
		"create_added_p50_ms_ours":   result.added[armOurs],
	}, nil
}

// agree returns an error unless all arms but the empty one make the same Pod.
func (c *cluster) agree(ctx context.Context, pod *corev1.Pod) error {
	want, err := c.waitUntilChanged(ctx, armOurs, pod)
	if err != nil {
		return err
	}
	for _, arm := range []string{armLowerBound, armLowerBoundAgain, armLowerBoundBare, armNative} {
		got, err := c.waitUntilChanged(ctx, arm, pod)
		if err != nil {
			return err
		}
		if !equality.Semantic.DeepEqual(got.Spec, want.Spec) || !equality.Semantic.DeepEqual(got.Annotations, want.Annotations) {
			return fmt.Errorf("%s makes another Pod than ours: %v %v", arm, got.Annotations, got.Spec)
		}
	}
	untouched, err := c.create(ctx, armNone, pod)
	if err != nil {
		return err
	}
	if hasStatus(untouched) {
		return errors.New("the Pods of no arm are changed as well")
	}
	return nil
}

// createResult is what the arms add.
type createResult struct {
	comparison
	// added is the median of what each arm adds to a create, in milliseconds.
	added map[string]float64
}

func createOnce(ctx context.Context, b *bench, arms []arm) (createResult, error) {
	samples, err := interleave(ctx, b.times(createRounds, createRoundsQuick), arms)
	if err != nil {
		return createResult{}, err
	}
	none := samples[armNone]
	b.logf("  a create takes %.2f ms", statistics.Median(none))
	result := createResult{added: map[string]float64{}}
	for _, arm := range []string{armOurs, armLowerBound, armLowerBoundAgain, armLowerBoundBare, armNative} {
		result.added[arm] = b.logAdded(arm, samples[arm], none)
	}
	// One after another: ours, the lower bound's and what all are compared with.
	ratioOfAdded := func(arms ...[]float64) float64 { return medianAdded(arms[0], arms[2]) / medianAdded(arms[1], arms[2]) }
	logRatio := func(of string) float64 {
		ratio := ratioOfAdded(samples[of], samples[armLowerBound], none)
		low, high := statistics.Interval(ratioOfAdded, samples[of], samples[armLowerBound], none)
		b.logf("  %s / floor: %.3f (95%%: %.3f to %.3f)", of, ratio, low, high)
		return ratio
	}
	result.comparison = comparison{ratio: logRatio(armOurs), same: logRatio(armLowerBoundAgain)}
	return result, nil
}

// logAdded writes what an arm takes more than another, round by round, and returns the median.
func (b *bench) logAdded(arm string, of, minus []float64) float64 {
	added := statistics.Summarize(statistics.Differences(of, minus))
	b.logf("  %s adds %.3f ms (95%%: %.3f to %.3f)", arm, added.Center, added.Lo, added.Hi)
	return added.Center
}

// medianAdded is what the first arm takes more than the second, round by round.
func medianAdded(of, minus []float64) float64 {
	return statistics.Median(statistics.Differences(of, minus))
}
