package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// environment is everything that runs for the demo.
type environment struct {
	plane   *controlplane.ControlPlane
	webhook *server.Server
}

// run sets up the environment, takes the steps and clears up.
func run(ctx context.Context, keep bool) (err error) {
	e, err := setUp(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.tearDown()) }()
	for _, step := range steps() {
		if err := step(ctx, e); err != nil {
			return err
		}
	}
	if keep {
		e.tellHowToUse()
		<-ctx.Done()
	}
	return nil
}

// setUp starts the control plane and the webhook and registers the one with the other, as the chart does.
func setUp(ctx context.Context) (*environment, error) {
	fmt.Fprintln(os.Stderr, "Starting etcd, kube-apiserver, kube-controller-manager and the webhook ...")
	rendered, err := chart.Render(chart.Options{})
	if err != nil {
		return nil, err
	}
	policy, err := rendered.PolicyFile()
	if err != nil {
		return nil, err
	}
	e := &environment{}
	if e.plane, err = controlplane.Start(ctx, controlplane.Options{Controllers: true}); err != nil {
		return nil, err
	}
	if e.webhook, err = server.Start(ctx, server.Options{Policy: policy}); err != nil {
		return nil, errors.Join(err, e.tearDown())
	}
	if err := e.register(ctx, rendered); err != nil {
		return nil, errors.Join(err, e.tearDown())
	}
	return e, nil
}

// register installs the chart's webhook configurations and waits until workloads and Pods arrive.
func (e *environment) register(ctx context.Context, rendered *chart.Rendered) error {
	preflight, err := rendered.PreflightConfigurationAt(e.webhook.Address(), e.webhook.CABundle())
	if err != nil {
		return err
	}
	_, err = e.plane.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(ctx, preflight, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("registering the preflight: %w", err)
	}
	if err := e.waitForPreflight(ctx); err != nil {
		return err
	}
	configuration, err := rendered.WebhookConfigurationAt(e.webhook.Address(), e.webhook.CABundle())
	if err != nil {
		return err
	}
	marker := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: metav1.NamespaceDefault, Name: "marker",
			Annotations: map[string]string{annotation.Key("", string(annotation.Inject)): "true"},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "app", Image: "example.com/app:1", Ports: []corev1.ContainerPort{{ContainerPort: 80}},
		}}},
	}
	return e.plane.Register(ctx, configuration, marker, func(created *corev1.Pod) bool {
		return created.Annotations[annotation.StatusKey] != ""
	})
}

// waitForPreflight tries a Deployment until the webhook is asked about it.
func (e *environment) waitForPreflight(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if _, err := e.plane.KubectlWithInput(ctx, strings.NewReader(mistakenDeployment), "create", "--dry-run=server", "-f", "-"); err != nil {
			return err
		}
		asked, err := e.reviews(ctx)
		if err != nil || asked > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the API server does not ask the preflight: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (e *environment) tearDown() error {
	var errs []error
	if e.webhook != nil {
		errs = append(errs, e.webhook.Stop())
	}
	if e.plane != nil {
		errs = append(errs, e.plane.Stop())
	}
	return errors.Join(errs...)
}

// reviews is how many reviews the webhook has answered.
func (e *environment) reviews(ctx context.Context) (float64, error) {
	scrape, err := e.webhook.Metrics(ctx)
	if err != nil {
		return 0, err
	}
	return scrape.Sum("probe_injector_reviews_total", nil), nil
}

func (e *environment) tellHowToUse() {
	fmt.Printf(`
It keeps running. In another terminal:

  export KUBECONFIG=%s
  kubectl get pods -o custom-columns='NAME:.metadata.name,STATUS:.metadata.annotations.probe-injector\.dev/status'
  kubectl run web --image=nginx --port=80 --annotations=probe-injector.dev/inject=true
  kubectl describe pod web

There is no node, so the Pods stay Pending. Ctrl-C ends everything.
`, e.plane.KubeconfigPath())
}
