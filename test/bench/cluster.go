package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/test/bench/baseline"
	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

const (
	// armLabel says on a namespace which arm it is.
	armLabel = "bench"
	// injectLabel is ours; "false" keeps us away from a namespace.
	injectLabel = "probe-injector.dev/inject"
	// installedTimeout is how long the API server may take to use what was installed. It takes milliseconds.
	installedTimeout = 30 * time.Second
)

// cluster is a control plane with our server, registered as the chart does it.
type cluster struct {
	plane *controlplane.ControlPlane
	ours  *server.Server
	// asks is our entry for Pods that ask.
	asks admissionregistrationv1.MutatingWebhook
	// preflights is our configuration for workloads, which is not registered until an experiment does it.
	preflights *admissionregistrationv1.ValidatingWebhookConfiguration
}

// startCluster starts both. What was started is returned with an error, too.
func startCluster(ctx context.Context) (*cluster, error) {
	c := &cluster{}
	rendered, err := chart.Render(chart.Options{})
	if err != nil {
		return c, err
	}
	policy, err := rendered.PolicyFile()
	if err != nil {
		return c, err
	}
	if c.ours, err = server.Start(ctx, server.Options{Policy: policy, Env: sameRuntime()}); err != nil {
		return c, err
	}
	if c.plane, err = controlplane.Start(ctx, controlplane.Options{}); err != nil {
		return c, err
	}
	configuration, err := rendered.WebhookConfigurationAt(c.ours.Address(), c.ours.CABundle())
	if err != nil {
		return c, err
	}
	if c.preflights, err = rendered.PreflightConfigurationAt(c.ours.Address(), c.ours.CABundle()); err != nil {
		return c, err
	}
	// The chart puts it first.
	c.asks = configuration.Webhooks[0]
	marker := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceDefault, Name: "marker", Annotations: map[string]string{annotation.Domain + "/inject": "true"},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "app", Image: "example.com/app:1", Ports: []corev1.ContainerPort{{ContainerPort: 80}},
		}}},
	}
	return c, c.plane.Register(ctx, configuration, marker, hasStatus)
}

// hasStatus reports whether a Pod carries our status, and so went through one of the arms that add it.
func hasStatus(pod *corev1.Pod) bool { return pod.Annotations[annotation.StatusKey] != "" }

// stop ends what was started.
func (c *cluster) stop() error {
	var failures []error
	if c.plane != nil {
		failures = append(failures, c.plane.Stop())
	}
	if c.ours != nil {
		failures = append(failures, c.ours.Stop())
	}
	return errors.Join(failures...)
}

// namespaceOf is the name of an arm's namespace.
func namespaceOf(arm string) string {
	return "bench-" + strings.ReplaceAll(arm, " ", "-")
}

// createNamespaces makes a namespace for each arm. Our webhook is for those that are listed first, and kept away from
// the others in the way that its users have.
func (c *cluster) createNamespaces(ctx context.Context, ours, others []string) error {
	for _, arm := range ours {
		if err := c.plane.CreateNamespace(ctx, namespaceOf(arm), map[string]string{armLabel: namespaceOf(arm)}); err != nil {
			return err
		}
	}
	for _, arm := range others {
		labels := map[string]string{armLabel: namespaceOf(arm), injectLabel: "false"}
		if err := c.plane.CreateNamespace(ctx, namespaceOf(arm), labels); err != nil {
			return err
		}
	}
	return nil
}

// onlyIn selects the namespace of an arm.
func onlyIn(arm string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{armLabel: namespaceOf(arm)}}
}

// register makes another server the webhook of an arm's namespace, as our entry for Pods that ask is registered.
func (c *cluster) register(ctx context.Context, arm string, other *baseline.Server, withCondition bool) error {
	url, name := other.URL(), namespaceOf(arm)
	entry := *c.asks.DeepCopy()
	entry.Name = name + ".example.com"
	entry.ClientConfig = admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: other.Authority().PEM()}
	entry.NamespaceSelector = onlyIn(arm)
	if !withCondition {
		entry.MatchConditions = nil
	}
	return c.plane.ReplaceWebhooks(ctx, &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks:   []admissionregistrationv1.MutatingWebhook{entry},
	})
}

// create creates a Pod on dry run in the namespace of an arm.
func (c *cluster) create(ctx context.Context, arm string, pod *corev1.Pod) (*corev1.Pod, error) {
	created, err := c.plane.Client().CoreV1().Pods(namespaceOf(arm)).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return nil, fmt.Errorf("creating a Pod in %s: %w", namespaceOf(arm), err)
	}
	return created, nil
}

// waitUntilChanged returns the Pod as it is created in the namespace of an arm, as soon as what was installed there
// changes it.
func (c *cluster) waitUntilChanged(ctx context.Context, arm string, pod *corev1.Pod) (*corev1.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, installedTimeout)
	defer cancel()
	for {
		created, err := c.create(ctx, arm, pod)
		if err == nil && hasStatus(created) {
			return created, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("nothing changes the Pods of %s: %w", namespaceOf(arm), ctx.Err()), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// milliseconds is how long the creation of a Pod, given as JSON, takes in the namespace of an arm, for a client.
func (c *cluster) milliseconds(ctx context.Context, arm string, body []byte) (float64, error) {
	begin := time.Now()
	err := c.plane.Client().CoreV1().RESTClient().Post().
		Namespace(namespaceOf(arm)).Resource("pods").Param("dryRun", metav1.DryRunAll).
		SetHeader("Content-Type", "application/json").Body(body).
		Do(ctx).Error()
	took := time.Since(begin)
	if err != nil {
		return 0, fmt.Errorf("creating a Pod in %s: %w", namespaceOf(arm), err)
	}
	return float64(took) / float64(time.Millisecond), nil
}

// arms makes arms of names, each of which creates the Pod in its namespace.
func (c *cluster) arms(pod []byte, names ...string) []arm {
	var arms []arm
	for _, name := range names {
		arms = append(arms, arm{name, func(ctx context.Context) (float64, error) { return c.milliseconds(ctx, name, pod) }})
	}
	return arms
}
