package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/probe-injector/probe-injector/test/bench/baseline"
	"github.com/probe-injector/probe-injector/test/bench/sample"
	"github.com/probe-injector/probe-injector/test/bench/statistics"
)

// measureApplies compares the same apply of a Deployment, server-side and on dry run, in namespaces where nobody, our server, a
// handler that only allows, and its twin are asked. All are registered by the chart's configuration.
func measureApplies(ctx context.Context, b *bench) (values, error) {
	c, err := startCluster(ctx)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	found, err := compareApplies(ctx, b, c)
	return found, errors.Join(err, c.stop())
}

func compareApplies(ctx context.Context, b *bench, c *cluster) (found values, err error) {
	deployment, err := sample.Deployment()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(deployment)
	if err != nil {
		return nil, fmt.Errorf("writing the Deployment: %w", err)
	}
	if err := c.createNamespaces(ctx, []string{armOurs}, []string{armNone, armLowerBound, armLowerBoundAgain}); err != nil {
		return nil, err
	}
	if err := c.usePreflights(ctx, armOurs, c.preflights, body); err != nil {
		return nil, err
	}
	for _, arm := range []string{armLowerBound, armLowerBoundAgain} {
		allowing, startErr := baseline.StartAllowing(ctx, sameRuntime())
		if startErr != nil {
			return nil, startErr
		}
		defer func() { err = errors.Join(err, allowing.Stop()) }()
		if err := c.usePreflights(ctx, arm, c.preflightsAt(arm, allowing), body); err != nil {
			return nil, err
		}
	}
	var arms []arm
	for _, name := range []string{armNone, armOurs, armLowerBound, armLowerBoundAgain} {
		arms = append(arms, arm{name, func(ctx context.Context) (float64, error) { return c.apply(ctx, name, body) }})
	}
	if _, err := interleave(ctx, createWarmUp, arms); err != nil {
		return nil, err
	}
	result, err := untilValid(b, func() (applyResult, error) { return applyOnce(ctx, b, arms) })
	return values{
		"apply_aa": result.same, "apply_vs_floor": result.corrected(),
		"apply_added_p50_ms_floor": result.added[armLowerBound], "apply_added_p50_ms_ours": result.added[armOurs],
	}, err
}

// applyResult is what an apply takes, and what the arms add.
type applyResult struct {
	comparison
	added map[string]float64
}

func applyOnce(ctx context.Context, b *bench, arms []arm) (applyResult, error) {
	samples, err := interleave(ctx, b.times(createRounds, createRoundsQuick), arms)
	if err != nil {
		return applyResult{}, err
	}
	b.logf("  an apply takes %.2f ms", statistics.Median(samples[armNone]))
	result := applyResult{added: map[string]float64{}}
	for _, arm := range []string{armOurs, armLowerBound} {
		result.added[arm] = b.logAdded(arm, samples[arm], samples[armNone])
	}
	toFloor := func(arm string) float64 {
		ratio := statistics.Summarize(statistics.Ratios(samples[arm], samples[armLowerBound]))
		b.logf("  %s / floor: %.3f (95%%: %.3f to %.3f)", arm, ratio.Center, ratio.Lo, ratio.Hi)
		return ratio.Center
	}
	result.comparison = comparison{ratio: toFloor(armOurs), same: toFloor(armLowerBoundAgain)}
	return result, nil
}

// apply is how long an apply takes in the namespace of an arm, for a client.
func (c *cluster) apply(ctx context.Context, arm string, body []byte) (float64, error) {
	return c.patch(ctx, arm, types.ApplyPatchType, body)
}

// patch is how long a patch of the Deployment takes on dry run.
func (c *cluster) patch(ctx context.Context, arm string, form types.PatchType, body []byte) (float64, error) {
	request := c.plane.Client().AppsV1().RESTClient().Patch(form).
		Namespace(namespaceOf(arm)).Resource("deployments").Name("web").
		Param("dryRun", metav1.DryRunAll).Param("fieldManager", "bench").Body(body)
	if form == types.ApplyPatchType {
		request = request.Param("force", "true")
	}
	begin := time.Now()
	err := request.Do(ctx).Error()
	took := time.Since(begin)
	if err != nil {
		return 0, fmt.Errorf("patching a Deployment in %s: %w", namespaceOf(arm), err)
	}
	return float64(took) / float64(time.Millisecond), nil
}

// preflightsAt is our configuration with another server behind it, for the namespace of an arm.
func (c *cluster) preflightsAt(arm string, other *baseline.Server) *admissionregistrationv1.ValidatingWebhookConfiguration {
	url, name := other.URL(), namespaceOf(arm)
	entry := *c.preflights.Webhooks[0].DeepCopy()
	entry.Name = name + ".example.com"
	entry.ClientConfig = admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: other.Authority().PEM()}
	entry.NamespaceSelector = onlyIn(arm)
	return &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Webhooks: []admissionregistrationv1.ValidatingWebhook{entry},
	}
}

// usePreflights registers a configuration, and returns when the API server calls its first entry for a Deployment that is applied in
// the namespace of an arm.
func (c *cluster) usePreflights(
	ctx context.Context, arm string, configuration *admissionregistrationv1.ValidatingWebhookConfiguration, deployment []byte,
) error {
	client := c.plane.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations()
	if _, err := client.Create(ctx, configuration, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("creating the webhook configuration %s: %w", configuration.Name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, installedTimeout)
	defer cancel()
	for {
		if _, err := c.apply(ctx, arm, deployment); err != nil {
			return err
		}
		calls, err := c.calls(ctx, configuration.Webhooks[0].Name)
		if err != nil || calls > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the API server does not use %s: %w", configuration.Name, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// calls is how often the API server has called a webhook.
func (c *cluster) calls(ctx context.Context, name string) (float64, error) {
	scrape, err := c.plane.Metrics(ctx)
	if err != nil {
		return 0, err
	}
	return scrape.Sum("apiserver_admission_webhook_admission_duration_seconds", map[string]string{"name": name}), nil
}

// store creates a Deployment in the namespace of each arm.
func (c *cluster) store(ctx context.Context, deployment *appsv1.Deployment, arms ...string) error {
	for _, arm := range arms {
		client := c.plane.Client().AppsV1().Deployments(namespaceOf(arm))
		if err := client.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
			return fmt.Errorf("deleting the Deployments of %s: %w", namespaceOf(arm), err)
		}
		if _, err := client.Create(ctx, deployment, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating a Deployment in %s: %w", namespaceOf(arm), err)
		}
	}
	return nil
}
