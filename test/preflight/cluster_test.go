package preflight

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/binaries"
	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// The namespaces of a cluster; killed has the label that keeps us away.
const (
	shop   = "shop"
	killed = "killed"
)

// patience bounds every wait; nothing takes nearly as long on a machine that does nothing else.
const patience = 2 * time.Minute

// cluster is a control plane with our server behind it.
type cluster struct {
	*controlplane.ControlPlane
	webhook *server.Server
	// kubectl is the path of the program, home a folder of its own for it and for Helm.
	kubectl, home string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{ControlPlane: controlplane.ForTest(t, controlplane.Options{Controllers: true}), home: t.TempDir()}
	var err error
	if c.kubectl, err = binaries.Kubernetes(t.Context(), "", "kubectl"); err != nil {
		t.Fatal(err)
	}
	for name, labels := range map[string]map[string]string{shop: nil, killed: {"probe-injector.dev/inject": "false"}} {
		if err := c.CreateNamespace(t.Context(), name, labels); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// install registers a new server as the chart does with the values, in place of the one before.
func (c *cluster) install(t *testing.T, values string) {
	t.Helper()
	rendered, err := chart.Render(chart.Options{Values: values})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := rendered.PolicyFile()
	if err != nil {
		t.Fatal(err)
	}
	deployment, err := rendered.Deployment()
	if err != nil {
		t.Fatal(err)
	}
	c.webhook = server.ForTest(t, server.Options{Policy: policy, Args: argumentsOf(deployment)})
	mutating, err := rendered.WebhookConfigurationAt(c.webhook.Address(), c.webhook.CABundle())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ReplaceWebhooks(t.Context(), mutating); err != nil {
		t.Fatal(err)
	}
	validating, err := rendered.PreflightConfigurationAt(c.webhook.Address(), c.webhook.CABundle())
	if err != nil {
		t.Fatal(err)
	}
	c.use(t, validating)
}

// argumentsOf are what the chart gives the server that concerns preflights.
func argumentsOf(d *appsv1.Deployment) []string {
	var arguments []string
	for _, argument := range d.Spec.Template.Spec.Containers[0].Args {
		for _, name := range []string{"--preflight-mode=", "--preflight-plan=", "--require-label"} {
			if strings.HasPrefix(argument, name) {
				arguments = append(arguments, argument)
			}
		}
	}
	return arguments
}

// use registers a configuration in place of the one before, and returns when the API server uses it and the one for Pods.
func (c *cluster) use(t *testing.T, configuration *admissionregistrationv1.ValidatingWebhookConfiguration) {
	t.Helper()
	client := c.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations()
	if err := client.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), configuration, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	asking := metav1.ObjectMeta{Name: "marker", Annotations: map[string]string{"probe-injector.dev/inject": "true"}}
	spec := corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.com/app:1"}}}
	labels := map[string]string{"app": "marker"}
	workload := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "marker"}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: asking.Annotations}, Spec: spec},
	}}
	dryRun := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	c.eventually(t, "the API server calls the new server", func(ctx context.Context) error {
		pods, workloads := c.calls(t, "annotated"), c.calls(t, "preflight")
		_, errPod := c.Client().CoreV1().Pods(shop).Create(ctx, &corev1.Pod{ObjectMeta: asking, Spec: spec}, dryRun)
		_, errWorkload := c.Client().AppsV1().Deployments(shop).Create(ctx, workload, dryRun)
		if c.calls(t, "annotated") > pods && c.calls(t, "preflight") > workloads {
			return nil
		}
		return errors.Join(errors.New("it does not yet"), errPod, errWorkload)
	})
}

// calls is how many reviews our server has answered on a route.
func (c *cluster) calls(t *testing.T, route string) int {
	t.Helper()
	scrape, err := c.webhook.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int(scrape.Sum("probe_injector_reviews_total", map[string]string{"route": route}))
}

// eventually waits until something holds.
func (*cluster) eventually(t *testing.T, what string, holds func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		err := holds(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("never: %s: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// outcome is how a command ended.
type outcome struct {
	stdout, stderr string
	code           int
	took           time.Duration
}

// run runs a program against the control plane.
func (c *cluster) run(t *testing.T, program, stdin string, args ...string) outcome {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.KubeconfigPath(), "HOME="+c.home, "XDG_CACHE_HOME="+c.home, "XDG_CONFIG_HOME="+c.home, "XDG_DATA_HOME="+c.home)
	var stdout, stderr bytes.Buffer
	// Before 1.34 kubectl takes what begins with a brace for JSON.
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("---\n"+stdin), &stdout, &stderr
	begin := time.Now()
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(begin)}
}
