package explain_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/bench/baseline"
	"github.com/probe-injector/probe-injector/test/chart"
	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// The annotations of a workload that asks.
const asking = `probe-injector.dev/liveness: /livez, probe-injector.dev/readiness: /readyz`

// probed is what the chart's policy gives it.
const probed = "app: startup+liveness http:8080/livez, readiness http:8080/readyz; up to 334s to start, restart after 50-65s"

// deployment is one with annotations of its own and of its template.
func deployment(name, own, template string) string {
	return fmt.Sprintf(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: %[1]s, annotations: {%[2]s}}, spec: {selector: {matchLabels: {app: %[1]s}},
  template: {metadata: {labels: {app: %[1]s}, annotations: {%[3]s}}, spec: {containers: [{name: app, image: example.com/app:1, ports: [{containerPort: 8080}]}]}}}}`, name, own, template)
}

// said is what explain must say of a workload, beside the lines about the policy. Words are separated by one blank, and HASH
// stands for what controllers add to the names of Pods.
type said struct {
	namespace, workload string
	args                []string
	pods, next          string
}

func TestEachReasonOnARealAPIServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	plane := controlplane.ForTest(t, controlplane.Options{Controllers: true})
	cli := newCLI(t, plane)
	namespaces(t, plane)
	create(t, plane, "shop", deployment("early", "", asking))
	early := cli.podOf(t, "shop", "early")
	cli.expect(t, said{
		"shop", "deployment/early", nil, "1 of 1 (early-HASH) has nothing: not_selected, no webhook of probe-injector is installed here",
		"untouched: no webhook of probe-injector is installed here (asked of the API server by a dry run)",
	})

	// The API server counts the time of a creation in whole seconds.
	waitUntilAfter(ctx, t, early.CreationTimestamp.Add(time.Second))
	webhook := install(t, plane)
	installNeighbour(t, plane)
	create(t, plane, "shop", deployment("good", "", asking))
	create(t, plane, "shop", deployment("mixed", "", ""))
	create(t, plane, "shop", deployment("mislaid", asking, ""))
	create(t, plane, "shop", deployment("optout", "", `probe-injector.dev/inject: "false"`))
	create(t, plane, "shop", deployment("silent", "", ""))
	create(t, plane, "shop", deployment("mistaken", "", `probe-injector.dev/liveness: "8080", probe-injector.dev/readiness: /readyz`))
	create(t, plane, "closed", deployment("web", "", asking))
	create(t, plane, "ruled", deployment("web", "", ""))
	create(t, plane, "full", deployment("web", "", asking))
	create(t, plane, "neighboured", deployment("web", "", asking))
	create(t, plane, "restricted", deployment("web", "", asking))
	for _, name := range []string{"good", "mixed", "mislaid", "optout", "silent", "mistaken"} {
		cli.podOf(t, "shop", name)
	}
	cli.podOf(t, "closed", "web")
	cli.podOf(t, "neighboured", "web")
	cli.podOf(t, "ruled", "web")
	patch := `{"spec": {"paused": true, "template": {"metadata": {"annotations": {"probe-injector.dev/liveness": "/livez", "probe-injector.dev/readiness": "/readyz"}}}}}`
	if _, err := plane.Kubectl(ctx, "-n", "shop", "patch", "deployment", "mixed", "-p", patch); err != nil {
		t.Fatal(err)
	}
	const asked, byPolicy = " (asked of the API server by a dry run)", " (by the policy)"
	restart := "; kubectl -n shop rollout restart deployment "
	rows := map[string]said{
		"good":                    {"shop", "deployment/good", nil, "1 of 1 has: " + probed, "the same" + asked},
		"without the server":      {"shop", "deploy/good", []string{"--server=false"}, "1 of 1 has: " + probed, "the same" + byPolicy},
		"before_webhook":          {"shop", "deployment/early", nil, "1 of 1 (early-HASH) has nothing: before_webhook, made before the webhook was installed" + restart + "early", probed + asked},
		"before_annotation":       {"shop", "deployment/mixed", nil, "1 of 1 (mixed-HASH) has nothing: before_annotation, made before the annotations were there" + restart + "mixed", probed + asked},
		"misplaced":               {"shop", "deployment/mislaid", nil, "1 of 1 (mislaid-HASH) has nothing: misplaced, nothing reads metadata.annotations[probe-injector.dev/liveness]; move it to spec.template.metadata.annotations", "untouched: misplaced: nothing reads"},
		"opted_out":               {"shop", "deployment/optout", nil, "1 of 1 (optout-HASH) has nothing: opted_out, left alone on request", `untouched: it says probe-injector.dev/inject: "false"` + asked},
		"not_selected by a rule":  {"shop", "deployment/silent", nil, "1 of 1 (silent-HASH) has nothing: not_selected, it carries no annotation of ours, and no rule selects namespace shop by its labels", "untouched: it carries no annotation of ours"},
		"not_selected by a label": {"closed", "deployment/web", nil, "1 of 1 (web-HASH) has nothing: not_selected, namespace closed is labelled probe-injector.dev/inject=false", "untouched: namespace closed is labelled probe-injector.dev/inject=false" + asked},
		"a rule":                  {"ruled", "deployment/web", nil, "1 of 1 has: app: readiness tcp:8080", "the same" + asked},
		"a mistake":               {"shop", "deployment/mistaken", nil, `1 of 1 has: app: readiness http:8080/readyz; no liveness: invalid_annotation | wrong annotation probe-injector.dev/liveness: "8080": write tcp:8080 or http:8080/PATH`, "the same" + asked},
		"another webhook that comes first": {
			"neighboured", "deployment/web", nil, "1 of 1 has: app: startup+liveness http:8080/livez; up to 334s to start, restart after 50-65s",
			"the same" + asked + " Warnings: - app: readinessProbe exists and stays: probe-injector.dev/readiness has no effect " +
				"Not by the policy named below: the cluster has another, or another webhook changes the Pod. By it, " + probed,
		},
		"refused by a quota":       {"full", "deployment/web", nil, "none", probed + ` (by the policy: the API server refused a dry run: pods "web-`},
		"refused by Pod Security":  {"restricted", "deployment/web", nil, "none", probed + ` (by the policy: the API server refused a dry run: pods "web-`},
		"refused for a permission": {"shop", "deployment/good", []string{"--as=viewer"}, "1 of 1 has: " + probed, `the same (by the policy: the API server refused a dry run: pods is forbidden: User "viewer" cannot create resource "pods"`},
		"a reader who may not see the webhook's configuration": {
			"shop", "deployment/early", []string{"--as=viewer", "--server=false"},
			"1 of 1 (early-HASH) has nothing: missed, it asks, and no webhook answered when it was made, or it is older than the webhook, whose configuration you may not read" + restart + "early", probed + byPolicy,
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) { cli.expect(t, row) })
	}
	t.Run("what the policy predicts is what a dry run shows", func(t *testing.T) { samePrediction(t, plane, cli) })

	if err := webhook.Kill(); err != nil {
		t.Fatal(err)
	}
	create(t, plane, "shop", deployment("unlucky", "", asking))
	cli.podOf(t, "shop", "unlucky")
	cli.expect(t, said{
		"shop", "deployment/unlucky", nil, "1 of 1 (unlucky-HASH) has nothing: missed, it asks, and no webhook answered when it was made" + restart + "unlucky",
		"untouched: no webhook answered" + asked,
	})
	t.Run("a workload that is not there", func(t *testing.T) { cli.fails(t, 2, "not found", "-n", "shop", "explain", "deployment/none") })
	t.Run("a kind that is not there", func(t *testing.T) {
		cli.fails(t, 2, "the server doesn't have a resource type", "-n", "shop", "explain", "nothing/none")
	})
	t.Run("a workload that may not be read", func(t *testing.T) {
		cli.fails(t, 3, `deployments.apps "web" is forbidden`, "-n", "ruled", "--as=viewer", "explain", "deployment/web")
	})
}

// samePrediction compares, for the workloads of this test and of all examples, what the policy says with what the server says.
func samePrediction(t *testing.T, plane *controlplane.ControlPlane, cli *cli) {
	if err := plane.CreateNamespace(t.Context(), "examples", nil); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(cli.root, "examples", "*", "*.yaml"))
	if err != nil || len(files) < 10 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		// Those that are no manifests, or of kinds that are not installed here, are refused.
		_, _ = plane.Kubectl(t.Context(), "-n", "examples", "apply", "-f", file)
	}
	output, err := plane.Kubectl(t.Context(), "get", "deployments,statefulsets,daemonsets,cronjobs,jobs", "-A", "-o",
		`jsonpath={range .items[*]}{.metadata.namespace} {.kind}/{.metadata.name}{"\n"}{end}`)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for line := range strings.Lines(output) {
		namespace, workload, _ := strings.Cut(strings.TrimSpace(line), " ")
		if slices.Contains([]string{"full", "restricted", "neighboured"}, namespace) {
			continue
		}
		byServer := cli.run(t, "-n", namespace, "explain", "-o", "line", workload)
		byPolicy := cli.run(t, "-n", namespace, "explain", "-o", "line", "--server=false", workload)
		if byServer.stdout != byPolicy.stdout {
			t.Errorf("%s: the server says\n%sthe policy\n%s", workload, byServer.stdout, byPolicy.stdout)
		}
		compared++
	}
	if compared < 15 {
		t.Errorf("only %d workloads were compared", compared)
	}
}

// namespaces are those of the test, with who may read one of them.
func namespaces(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	for name, labels := range map[string]map[string]string{
		"shop": nil, "full": nil, "neighboured": nil,
		"closed":     {"probe-injector.dev/inject": "false"},
		"ruled":      {"probe-injector.dev/inject": "true"},
		"restricted": {"pod-security.kubernetes.io/enforce": "restricted"},
	} {
		if err := plane.CreateNamespace(t.Context(), name, labels); err != nil {
			t.Fatal(err)
		}
	}
	// The role "view" is put together by a controller that does not run here.
	for _, args := range [][]string{
		{"create", "role", "viewer", "--verb=get,list", "--resource=deployments.apps,pods,namespaces"},
		{"create", "rolebinding", "viewer", "--role=viewer", "--user=viewer"},
	} {
		if _, err := plane.Kubectl(t.Context(), append([]string{"-n", "shop"}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	// No controller of quotas runs here, so that what it would write is written as well.
	none := corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}
	quotas := plane.Client().CoreV1().ResourceQuotas("full")
	quota, err := quotas.Create(t.Context(), &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "none"}, Spec: corev1.ResourceQuotaSpec{Hard: none}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	quota.Status = corev1.ResourceQuotaStatus{Hard: none, Used: none}
	if _, err := quotas.UpdateStatus(t.Context(), quota, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// install starts our server with the chart's policy and registers it.
func install(t *testing.T, plane *controlplane.ControlPlane) *server.Server {
	t.Helper()
	rendered, err := chart.Render(chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := rendered.PolicyFile()
	if err != nil {
		t.Fatal(err)
	}
	webhook := server.ForTest(t, server.Options{Policy: policy})
	configuration, err := rendered.WebhookConfigurationAt(webhook.Address(), webhook.CABundle())
	if err != nil {
		t.Fatal(err)
	}
	marker := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "marker", Annotations: map[string]string{"probe-injector.dev/inject": "true"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.com/app:1"}}},
	}
	err = plane.Register(t.Context(), configuration, marker, func(created *corev1.Pod) bool {
		return created.Annotations["probe-injector.dev/status"] != ""
	})
	if err != nil {
		t.Fatal(err)
	}
	return webhook
}

// installNeighbour registers a webhook of somebody else, before ours, that gives Pods of one namespace a readiness probe.
func installNeighbour(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	neighbour, err := baseline.StartLowerBound(t.Context(), []byte(`[{"op": "add", "path": "/spec/containers/0/readinessProbe", "value": {"tcpSocket": {"port": 9090}}}]`), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := neighbour.Stop(); err != nil {
			t.Error(err)
		}
	})
	url, none := neighbour.URL(), admissionregistrationv1.SideEffectClassNone
	err = plane.ReplaceWebhooks(t.Context(), &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "0-a-neighbour"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: "neighbour.example.com", SideEffects: &none, AdmissionReviewVersions: []string{"v1"},
			ClientConfig:      admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: neighbour.Authority().PEM()},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "neighboured"}},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	waitUntilItChanges(t, plane)
}

// waitUntilItChanges waits until the API server uses it.
func waitUntilItChanges(t *testing.T, plane *controlplane.ControlPlane) {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "marker"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example.com/app:1"}}},
	}
	for deadline := time.Now().Add(time.Minute); ; {
		created, err := plane.Client().CoreV1().Pods("neighboured").Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if err == nil && created.Spec.Containers[0].ReadinessProbe != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the neighbour changes nothing: %v", err)
		}
		waitUntilAfter(t.Context(), t, time.Now().Add(20*time.Millisecond))
	}
}

func create(t *testing.T, plane *controlplane.ControlPlane, namespace, manifest string) {
	t.Helper()
	// Before 1.34 kubectl takes what begins with a brace for JSON.
	if _, err := plane.KubectlWithInput(t.Context(), strings.NewReader("---\n"+manifest), "-n", namespace, "create", "-f", "-"); err != nil {
		t.Fatal(err)
	}
}

// waitUntilAfter waits for a point in time.
func waitUntilAfter(ctx context.Context, t *testing.T, at time.Time) {
	t.Helper()
	select {
	case <-time.After(time.Until(at)):
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	}
}

// generated is what controllers add to the name of a Deployment for its Pods.
var generated = regexp.MustCompile(`-[0-9a-z]{6,10}-[0-9a-z]{5}\b`)

// expect runs explain and holds it against what must be said.
func (c *cli) expect(t *testing.T, want said) {
	t.Helper()
	got := c.run(t, append([]string{"-n", want.namespace, "explain", want.workload}, want.args...)...)
	for line := range strings.Lines(got.stdout) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 && strings.Contains(strings.TrimSpace(line), " ") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	words := generated.ReplaceAllString(strings.Join(strings.Fields(got.stdout), " "), "-HASH")
	if text := "Pods now: " + want.pods + " Next Pod: " + want.next; !strings.Contains(words, text) {
		t.Errorf("it must say\n%s\nand says\n%s%s", text, got.stdout, got.stderr)
	}
	if wrong := strings.Contains(want.pods, "wrong annotation") || strings.Contains(want.pods, "misplaced"); (got.code == 1) != wrong || (got.code != 0) != wrong {
		t.Errorf("exit code %d", got.code)
	}
	if !strings.HasPrefix(got.stderr, "cluster: context test\n") {
		t.Errorf("stderr: %s", got.stderr)
	}
}
