package main

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/cluster"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/manifest"
	"github.com/probe-injector/probe-injector/policy/annotation"
)

// explainLive explains a workload of a cluster: what its Pods have, and what the next one would have.
func (o *explainOptions) explainLive(ctx context.Context, name, version string, std streams) (*explanation.Report, error) {
	file, place, err := o.input.policy(version, std.in)
	if err != nil {
		return nil, err
	}
	c, err := o.cluster.Connect(version, std.err)
	if err != nil {
		return nil, err
	}
	object, err := c.Workload(c.Namespace, name)
	switch {
	case err != nil && cluster.IsMissing(err):
		return nil, err
	case err != nil:
		return nil, exit.With(exit.Incomplete, err)
	}
	workloads, err := manifest.ReadObject(object, name)
	switch {
	case err != nil:
		return nil, err
	case len(workloads) > 1:
		return nil, fmt.Errorf("%s has several Pod templates: explain its manifest with -f", name)
	}
	around, err := surroundings(ctx, c, object)
	if err != nil {
		return nil, exit.With(exit.Incomplete, err)
	}
	dryRun, err := o.dryRun(ctx, c, workloads[0].NextPod(object))
	if err != nil {
		return nil, exit.With(exit.Incomplete, err)
	}
	return explanation.ExplainLive(file, place, &workloads[0], around, dryRun)
}

// surroundings reads what is around a workload.
func surroundings(ctx context.Context, c *cluster.Cluster, object *unstructured.Unstructured) (*explanation.Surroundings, error) {
	s := &explanation.Surroundings{}
	var errPods, errNamespace error
	s.Pods, errPods = c.PodsOf(ctx, object)
	s.NamespaceLabels, s.LabelsKnown, errNamespace = c.NamespaceLabels(ctx, object.GetNamespace())
	webhook, errWebhook := c.Webhook(ctx, annotation.Domain)
	if err := errors.Join(errPods, errNamespace, errWebhook); err != nil {
		return nil, err
	}
	s.Webhook = explanation.Webhook{
		Known: webhook.Known, Since: webhook.Since, Selects: webhook.Selects(manifest.WithNameLabel(object.GetNamespace(), s.NamespaceLabels)),
	}
	return s, nil
}

// dryRun asks the API server about the next Pod, unless nobody wants it or there is none.
func (o *explainOptions) dryRun(ctx context.Context, c *cluster.Cluster, next *unstructured.Unstructured) (*explanation.DryRun, error) {
	if !o.server || next == nil {
		return nil, nil //nolint:nilnil // that nobody was asked is the answer
	}
	answer, err := c.CreateOnDryRun(ctx, next)
	if err != nil {
		return nil, err
	}
	return &explanation.DryRun{Pod: answer.Pod, Warnings: answer.Warnings, Refused: answer.Refused}, nil
}
