package preflight

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/server"
)

// release is the name and the namespace of the chart's release.
const release = "probe-injector"

// TestOwnCertificates runs our server as the chart's account, with the chart's permissions and nothing else: it publishes its
// authority in both configurations, does so again where one comes back, and is ready whether or not there is one for preflights.
func TestOwnCertificates(t *testing.T) {
	c := newCluster(t)
	if err := c.CreateNamespace(t.Context(), release, nil); err != nil {
		t.Fatal(err)
	}
	rendered, err := chart.Render(chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	var manifest, preflights strings.Builder
	for _, o := range objects {
		switch {
		case o.Kind == "ValidatingWebhookConfiguration":
			fmt.Fprintf(&preflights, "---\n%s\n", o.YAML)
		case slices.Contains([]string{"ServiceAccount", "Secret", "MutatingWebhookConfiguration"}, o.Kind), strings.HasPrefix(o.APIVersion, "rbac."),
			strings.HasPrefix(o.Kind, "ValidatingAdmissionPolicy"):
			fmt.Fprintf(&manifest, "---\n%s\n", o.YAML)
		}
	}
	c.must(t, manifest.String(), "apply", "-f", "-")
	deployment, err := rendered.Deployment()
	if err != nil {
		t.Fatal(err)
	}
	var arguments []string
	for _, argument := range deployment.Spec.Template.Spec.Containers[0].Args {
		for _, name := range []string{"--tls-secret=", "--namespace=", "--webhook-configurations=", "--preflight-"} {
			if strings.HasPrefix(argument, name) {
				arguments = append(arguments, argument)
			}
		}
	}
	webhook := server.ForTest(t, server.Options{Kubeconfig: c.kubeconfigOf(t, rendered), Args: arguments})
	ready := func(when string) {
		t.Helper()
		if err := webhook.Ready(t.Context()); err != nil {
			t.Errorf("%s it is not ready: %v", when, err)
		}
	}
	ready("without a configuration for preflights")
	for range 2 {
		c.must(t, preflights.String(), "apply", "-f", "-")
		c.eventually(t, "the authority is published for preflights", c.published)
		ready("with it")
		c.must(t, "", "delete", "validatingwebhookconfiguration", release)
		ready("after it was deleted")
	}
	if log := webhook.Process().LogTail(1000); strings.Contains(log, `"level":"ERROR"`) || strings.Contains(log, "forbidden") {
		t.Errorf("it could not do all that it wanted:\n%s", log)
	}
}

// published returns nil once every entry of both configurations has the same bundle.
func (c *cluster) published(ctx context.Context) error {
	mutating, err := c.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, "0-"+release, metav1.GetOptions{})
	if err != nil {
		return err
	}
	validating, err := c.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations().Get(ctx, release, metav1.GetOptions{})
	if err != nil {
		return err
	}
	want := string(mutating.Webhooks[0].ClientConfig.CABundle)
	for _, w := range validating.Webhooks {
		if got := string(w.ClientConfig.CABundle); got == "" || got != want {
			return fmt.Errorf("%s has the bundle %q", w.Name, got)
		}
	}
	return nil
}

// must runs kubectl, which has to succeed.
func (c *cluster) must(t *testing.T, stdin string, args ...string) {
	t.Helper()
	if got := c.run(t, c.kubectl, stdin, args...); got.code != 0 {
		t.Fatalf("kubectl %s: %s", strings.Join(args, " "), got.stderr)
	}
}

// kubeconfigOf writes a kubeconfig with a token of the chart's account.
func (c *cluster) kubeconfigOf(t *testing.T, rendered *chart.Rendered) string {
	t.Helper()
	account := &corev1.ServiceAccount{}
	if err := rendered.Only("ServiceAccount", account); err != nil {
		t.Fatal(err)
	}
	got := c.run(t, c.kubectl, "", "create", "token", account.Name, "-n", release)
	if got.code != 0 {
		t.Fatal(got.stderr)
	}
	admin, err := clientcmd.LoadFromFile(c.KubeconfigPath())
	if err != nil {
		t.Fatal(err)
	}
	current := admin.Contexts[admin.CurrentContext]
	admin.AuthInfos = map[string]*clientcmdapi.AuthInfo{current.AuthInfo: {Token: strings.TrimSpace(got.stdout)}}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*admin, path); err != nil {
		t.Fatal(err)
	}
	return path
}
