package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/test/bench/statistics"
)

// excludedUpdate is a Deployment that mentions us, and how often its update is measured: of a label, so that our condition looks at
// all of it, old and new, and then keeps it away from our server.
type excludedUpdate struct {
	figure        string
	change        func(*appsv1.Deployment)
	rounds, quick int
}

// excludedUpdates are an everyday Deployment and two very large ones: by its containers, 265 KB, and by its annotations.
func excludedUpdates() []excludedUpdate {
	const variables, annotations = 6_000, 5_000
	return []excludedUpdate{
		{excludedSmall, func(*appsv1.Deployment) {}, conditionRounds, createRoundsQuick},
		{"update_excluded_265kb", func(d *appsv1.Deployment) {
			web := &d.Spec.Template.Spec.Containers[0]
			for i := range variables {
				web.Env = append(web.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%04d", i), Value: fmt.Sprintf("%04d", i)})
			}
		}, conditionRoundsLarge, worstCaseRoundsQuick},
		{"update_excluded_5000_annotations", func(d *appsv1.Deployment) {
			for i := range annotations {
				d.Spec.Template.Annotations[fmt.Sprintf("example.com/setting-%04d", i)] = fmt.Sprintf("%04d", i)
			}
		}, conditionRoundsLarge, worstCaseRoundsQuick},
	}
}

// excludedSmall is the update of the everyday Deployment.
const excludedSmall = "update_excluded_small"

// How often the API server is asked how long it looked at a condition.
const conditionRounds, conditionRoundsLarge = 300, 61

// measureExcluded measures what updates cost the API server that our configuration keeps away from our server: by its own metric
// of the condition's time, which nothing else on the machine is part of, and for the everyday one also as a client sees it, in a
// namespace that the API server has to look at because of it, and in one that it need not.
func measureExcluded(ctx context.Context, b *bench) (values, error) {
	c, err := startCluster(ctx)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	found, err := compareExcluded(ctx, b, c)
	return found, errors.Join(err, c.stop())
}

func compareExcluded(ctx context.Context, b *bench, c *cluster) (values, error) {
	if err := c.createNamespaces(ctx, []string{armSelected}, []string{armExcluded, armExcludedAgain}); err != nil {
		return nil, err
	}
	usual, err := sample.Deployment()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(usual)
	if err != nil {
		return nil, fmt.Errorf("writing the Deployment: %w", err)
	}
	if err := c.usePreflights(ctx, armSelected, c.preflights, body); err != nil {
		return nil, err
	}
	found := values{}
	for _, e := range excludedUpdates() {
		deployment := usual.DeepCopy()
		e.change(deployment)
		if err := c.store(ctx, deployment, armSelected, armExcluded, armExcludedAgain); err != nil {
			return nil, err
		}
		if found[e.figure+"_condition_ms"], err = e.condition(ctx, b, c); err != nil {
			return nil, err
		}
		if e.figure == excludedSmall {
			result, err := untilValid(b, func() (unaskedResult, error) { return excludedOnce(ctx, b, c) })
			if err != nil {
				return nil, err
			}
			found[e.figure+"_added_ms"] = result.added
		}
	}
	return found, nil
}

// condition is how long the API server looks at our condition for one update, in milliseconds: what one in ten stays below, because
// in the others the machine did something else too.
func (e excludedUpdate) condition(ctx context.Context, b *bench, c *cluster) (float64, error) {
	name := c.preflights.Webhooks[0].Name
	called, err := c.calls(ctx, name)
	if err != nil {
		return 0, err
	}
	var times []float64
	seconds, err := c.conditionSeconds(ctx, name)
	if err != nil {
		return 0, err
	}
	for range b.times(e.rounds, e.quick) {
		if _, err := c.label(ctx, armSelected); err != nil {
			return 0, err
		}
		after, err := c.conditionSeconds(ctx, name)
		if err != nil {
			return 0, err
		}
		times = append(times, (after-seconds)*1000)
		seconds = after
	}
	if after, err := c.calls(ctx, name); err != nil || after != called {
		return 0, errors.Join(fmt.Errorf("our server was called %.0f times for updates that the configuration excludes", after-called), err)
	}
	slices.Sort(times)
	undisturbed := times[len(times)/10]
	if undisturbed == 0 {
		return 0, errors.New("the API server does not say how long it looks at our condition")
	}
	b.logf("  %s: the condition takes %.3f ms, in the median %.3f", e.figure, undisturbed, statistics.Median(times))
	return undisturbed, nil
}

// conditionSeconds is how long the API server has looked at the conditions of a webhook, for updates.
func (c *cluster) conditionSeconds(ctx context.Context, name string) (float64, error) {
	scrape, err := c.plane.Metrics(ctx)
	if err != nil {
		return 0, err
	}
	return scrape.Total("apiserver_admission_match_condition_evaluation_seconds", map[string]string{"name": name, "operation": "UPDATE"}), nil
}

// label is how long it takes to label the Deployment in the namespace of an arm.
func (c *cluster) label(ctx context.Context, arm string) (float64, error) {
	return c.patch(ctx, arm, types.MergePatchType, []byte(`{"metadata":{"labels":{"tier":"front"}}}`))
}

// excludedOnce measures the update as a client sees it.
func excludedOnce(ctx context.Context, b *bench, c *cluster) (unaskedResult, error) {
	var arms []arm
	for _, name := range []string{armSelected, armExcluded, armExcludedAgain} {
		arms = append(arms, arm{name, func(ctx context.Context) (float64, error) { return c.label(ctx, name) }})
	}
	samples, err := interleave(ctx, b.times(createRounds, createRoundsQuick), arms)
	if err != nil {
		return unaskedResult{}, err
	}
	b.logf("  an update takes %.2f ms", statistics.Median(samples[armExcluded]))
	logAdded := func(arm string) float64 { return b.logAdded(arm, samples[arm], samples[armExcluded]) }
	return unaskedResult{added: logAdded(armSelected), same: logAdded(armExcludedAgain)}, nil
}
