package integration

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// dryRun shows what a developer sees beforehand. The API server refuses a dry run if a webhook that would be called does
// not say that it has no side effects; that our server has none follows from its having no access to anything.
func (i *installed) dryRun(t *testing.T) {
	const name = "dry"
	manifest := manifestOf(`{name: `+name+`, annotations: {probe-injector.dev/liveness: /livez, probe-injector.dev/readiness: /readyz}}`, `{containers: [`+web+`]}`)
	before := reviews(t, i.webhook)
	output, err := i.kubectlCreate(t.Context(), plain, manifest, "--dry-run=server", "-o", "yaml")
	if err != nil {
		t.Fatal(err)
	}
	if after := reviews(t, i.webhook); after != before+1 {
		t.Errorf("our server counts %v reviews more, not 1", after-before)
	}
	var shown corev1.Pod
	if err := yaml.Unmarshal([]byte(output), &shown); err != nil {
		t.Fatalf("reading %s: %v", output, err)
	}
	want := outcome{
		probes: map[string]string{"web/startup": "http:8080/livez", "web/liveness": "http:8080/livez", "web/readiness": "http:8080/readyz"},
		status: "web: startup+liveness http:8080/livez, readiness http:8080/readyz; up to ",
	}
	want.expect(t, &shown)
	if _, err := i.Client().CoreV1().Pods(plain).Get(t.Context(), name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is stored, or: %v", err)
	}

	stored, err := i.create(t.Context(), plain, manifest)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(shown.Spec, stored.pod.Spec); diff != "" {
		t.Errorf("without the dry run it is another Pod, dry - stored +:\n%s", diff)
	}
}
