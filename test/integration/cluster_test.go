package integration

import (
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// The namespaces of a cluster.
const (
	// plain is a namespace like any other.
	plain = "plain"
	// labelled is selected by the rule that the chart brings.
	labelled = "labelled"
	// killed is a namespace that we do not see: what becomes of a Pod there is what becomes of it without us.
	killed = "killed"
)

// cluster is a control plane that has the namespaces above and knows when it uses a configuration.
type cluster struct {
	*controlplane.ControlPlane
	// witness is called for Pods of the namespace killed by an entry that we add to each configuration.
	witness *recorder
}

// newCluster starts a control plane that lives as long as the test.
func newCluster(t *testing.T, options controlplane.Options) *cluster {
	t.Helper()
	c := &cluster{ControlPlane: controlplane.ForTest(t, options), witness: newRecorder(t)}
	for name, labels := range map[string]map[string]string{
		plain:    nil,
		labelled: {"probe-injector.dev/inject": "true"},
		killed:   {"probe-injector.dev/inject": "false"},
	} {
		if err := c.CreateNamespace(t.Context(), name, labels); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// install registers our server as the chart does with the values, in place of what was registered before, and returns
// when the API server uses it. Nothing is sent to our server until then, so that it may be broken.
func (c *cluster) install(t *testing.T, values string, to *server.Server) {
	t.Helper()
	c.use(t, configurationAt(t, values, to.Address(), to.CABundle()))
}

// use registers a configuration and returns when the API server uses it. The API server learns of a configuration as a
// whole, so that the entry of the witness tells of the others. It comes first and has a namespace of its own, and the
// others stay word for word as they are.
func (c *cluster) use(t *testing.T, configuration *admissionregistrationv1.MutatingWebhookConfiguration) {
	t.Helper()
	entry := configuration.Webhooks[0].DeepCopy()
	entry.Name = "witness.probe-injector.dev"
	entry.ClientConfig = admissionregistrationv1.WebhookClientConfig{
		URL: new("https://" + c.witness.address + "/witness"), CABundle: c.witness.authority.PEM(),
	}
	entry.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: killed}}
	// Whatever a test does to the others, this one works.
	entry.FailurePolicy, entry.AdmissionReviewVersions = new(admissionregistrationv1.Ignore), []string{"v1"}
	entry.ObjectSelector, entry.MatchConditions = &metav1.LabelSelector{MatchLabels: map[string]string{"witness": "true"}}, nil
	configuration.Webhooks = append([]admissionregistrationv1.MutatingWebhook{*entry}, configuration.Webhooks...)

	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: killed, Name: "witness", Labels: map[string]string{"witness": "true"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.com/app:1"}}},
	}
	err := c.Register(t.Context(), configuration, pod, func(*corev1.Pod) bool {
		return len(c.witness.take(killed, pod.Name)) > 0
	})
	if err != nil {
		t.Fatal(err)
	}
}

// startServer starts our server with the policy that the chart writes for the values.
func startServer(t *testing.T, values string, options server.Options) *server.Server {
	t.Helper()
	rendered, err := chart.Render(chart.Options{Values: values})
	if err != nil {
		t.Fatal(err)
	}
	if options.Policy, err = rendered.PolicyFile(); err != nil {
		t.Fatal(err)
	}
	return server.ForTest(t, options)
}
