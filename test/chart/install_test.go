package chart_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

const (
	configurationName = "0-probe-injector"
	authorityName     = "probe-injector-authority"
	// manager is as whom this test writes what the server writes in a cluster.
	manager = "server-of-a-test"
)

// TestOnARealAPIServer installs, changes and removes the chart with the real Helms, where nothing serves: what the server
// writes is written by the test. The parts follow each other on one control plane.
func TestOnARealAPIServer(t *testing.T) {
	t.Parallel()
	plane := controlplane.ForTest(t, controlplane.Options{})
	if err := plane.PrepareNamespace(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	for _, namespace := range []string{"shop", "probe-injector"} {
		labels := map[string]string{"probe-injector.dev/inject": "true", "pod-security.kubernetes.io/enforce": "restricted"}
		if err := plane.CreateNamespace(t.Context(), namespace, labels); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("it accepts every variant", func(t *testing.T) { variantsAreAccepted(t, plane) })
	t.Run("our Pods pass Pod Security restricted", func(t *testing.T) { podsAreRestricted(t, plane) })
	t.Run("the ValidatingAdmissionPolicy warns", func(t *testing.T) { policyWarns(t, plane) })
	for _, tool := range []charttools.Tool{charttools.Helm3, charttools.Helm4} {
		c := &cluster{ControlPlane: plane, helm: newHelm(t, tool, plane)}
		t.Run(string(tool)+" in default", func(t *testing.T) { c.lifeOfARelease(t, "default") })
		t.Run(string(tool)+" in its own namespace", func(t *testing.T) { c.lifeOfARelease(t, "new-for-"+string(tool)) })
		t.Run(string(tool)+" moves to a certificate of the admin's and back", c.movesBetweenModes)
	}
	t.Run("rendered and applied", func(t *testing.T) { renderedIsApplied(t, plane) })
	t.Run("helm-4 takes over from helm-3", func(t *testing.T) { takesOver(t, plane) })
}

// cluster is a control plane with one of the Helms.
type cluster struct {
	*controlplane.ControlPlane
	helm *helm
}

// lifeOfARelease goes from the first installation to the last trace.
func (c *cluster) lifeOfARelease(t *testing.T, namespace string) {
	notes := c.helm.must(t, "install", "probe-injector", c.helm.chart, "--namespace", namespace, "--create-namespace")
	if !strings.Contains(notes, "kubectl label namespace shop probe-injector.dev/inject=true") {
		t.Errorf("the notes do not say how to begin:\n%s", notes)
	}
	c.serve(t, namespace)

	c.helm.upgrade(t, namespace, "--set", "replicaCount=3", "--set", "policy.rules[0].name=labelled-namespaces",
		"--set-string", "policy.rules[0].namespaceSelector.matchLabels.probe-injector\\.dev/inject=true",
		"--set", "policy.rules[1].name=everything")
	c.expect(t, namespace, map[string]string{"annotated": "ours", "labelled-namespaces.rules": "ours", "everything.rules": ""})
	c.serve(t, namespace)

	c.helm.must(t, "rollback", "probe-injector", "1", "--namespace", namespace)
	c.expect(t, namespace, map[string]string{"annotated": "ours", "labelled-namespaces.rules": "ours"})

	// Nothing serves here, so that under Fail every Pod of others is refused until the configuration is gone.
	c.helm.upgrade(t, namespace, "--set", "webhook.failurePolicy=Fail", "--set", "webhook.timeoutSeconds=1")
	c.eventually(t, "under Fail a Pod that asks is refused", func() bool { return c.create(t, "shop", asking()) != nil })
	if err := c.create(t, "shop", ours()); err != nil {
		t.Errorf("under Fail one of our own Pods: %v", err)
	}
	c.nullContainersAreNoError(t)
	c.newEntriesComeWithIgnore(t, namespace)
	c.helm.must(t, "uninstall", "probe-injector", "--namespace", namespace)
	c.nothingIsLeft(t, namespace)
	c.eventually(t, "after the uninstallation a Pod that asks is created", func() bool { return c.create(t, "shop", asking()) == nil })
}

// nullContainersAreNoError: a Pod is not validated yet when conditions see it, and an error there is a refusal under Fail
// that shows everybody the expression.
func (c *cluster) nullContainersAreNoError(t *testing.T) {
	t.Helper()
	for _, spec := range []string{`{"containers":null}`, `{}`, `{"containers":[]}`} {
		pod := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"empty"},"spec":` + spec + `}`
		err := c.Client().CoreV1().RESTClient().Post().Namespace("shop").Resource("pods").
			SetHeader("Content-Type", "application/json").Body([]byte(pod)).Do(t.Context()).Error()
		if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "spec.containers: Required value") {
			t.Errorf("a Pod with the spec %s: %v", spec, err)
		}
	}
}

// newEntriesComeWithIgnore: until its bundle is there, an entry under Fail refuses every Pod. The next upgrade finds it.
func (c *cluster) newEntriesComeWithIgnore(t *testing.T, namespace string) {
	t.Helper()
	arguments := []string{
		"--set", "webhook.failurePolicy=Fail", "--set", "webhook.timeoutSeconds=1", "--set", "policy.rules[0].name=labelled-namespaces",
		"--set-string", "policy.rules[0].namespaceSelector.matchLabels.probe-injector\\.dev/inject=true",
		"--set", "policy.rules[1].name=shops", "--set", "policy.rules[1].namespaceSelector.matchLabels.tier=shop",
	}
	notes := c.helm.upgrade(t, namespace, arguments...)
	if !strings.Contains(notes, "NOTE: new in 0-probe-injector: shops.rules.probe-injector.dev.") {
		t.Errorf("the notes do not name the new entry:\n%s", notes)
	}
	c.failurePoliciesAre(t, "Fail", "Fail", "Ignore")
	c.serve(t, namespace)
	c.helm.upgrade(t, namespace, arguments...)
	c.failurePoliciesAre(t, "Fail", "Fail", "Fail")
}

// failurePoliciesAre compares those of all entries, in their order.
func (c *cluster) failurePoliciesAre(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, entry := range c.configuration(t).Webhooks {
		got = append(got, string(*entry.FailurePolicy))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the failurePolicies are %q, want %q", got, want)
	}
}

// movesBetweenModes: the bundle of the admin's replaces ours, and gives way to it again.
func (c *cluster) movesBetweenModes(t *testing.T) {
	const namespace = "default"
	c.helm.upgrade(t, namespace)
	c.serve(t, namespace)

	admins := authorityPEM(t)
	file := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(file, []byte(admins), 0o600); err != nil {
		t.Fatal(err)
	}
	toExisting := []string{"--set", "tls.mode=existing-secret", "--set", "tls.existingSecret.name=mine", "--set-file", "tls.existingSecret.caBundle=" + file}
	if strings.Contains(c.helm.program, string(charttools.Helm4)) {
		// Helm 4 applies on the server, where the bundle that our server wrote is our server's until somebody insists.
		_, err := c.helm.run(t.Context(), append([]string{"upgrade", "probe-injector", c.helm.chart}, toExisting...)...)
		if err == nil || !strings.Contains(err.Error(), "conflict") {
			t.Errorf("without --force-conflicts the error is %v", err)
		}
		toExisting = append(toExisting, "--force-conflicts")
	}
	c.helm.upgrade(t, namespace, toExisting...)
	c.bundlesAre(t, map[string]string{"annotated": admins, "labelled-namespaces.rules": admins})
	if _, err := c.Client().CoreV1().Secrets(namespace).Get(t.Context(), authorityName, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("our Secret is still there: %v", err)
	}

	c.helm.upgrade(t, namespace, "--set", "tls.mode=self-managed")
	c.bundlesAre(t, map[string]string{"annotated": "", "labelled-namespaces.rules": ""})
	c.serve(t, namespace)
	c.helm.must(t, "uninstall", "probe-injector", "--namespace", namespace)
	c.nothingIsLeft(t, namespace)
}

// takesOver upgrades with Helm 4 what Helm 3 installed, which applied it in another way.
func takesOver(t *testing.T, plane *controlplane.ControlPlane) {
	const namespace = "default"
	before := &cluster{ControlPlane: plane, helm: newHelm(t, charttools.Helm3, plane)}
	after := &cluster{ControlPlane: plane, helm: newHelm(t, charttools.Helm4, plane)}
	before.helm.upgrade(t, namespace)
	before.serve(t, namespace)
	for _, way := range []string{"auto", "true", "false"} {
		after.helm.upgrade(t, namespace, "--server-side="+way, "--set", "webhook.timeoutSeconds=2")
		after.expect(t, namespace, map[string]string{"annotated": "ours", "labelled-namespaces.rules": "ours"})
	}
	after.helm.must(t, "rollback", "probe-injector", "1", "--namespace", namespace)
	after.expect(t, namespace, map[string]string{"annotated": "ours", "labelled-namespaces.rules": "ours"})
	after.helm.must(t, "uninstall", "probe-injector", "--namespace", namespace)
	after.nothingIsLeft(t, namespace)
}

// serve does what our server does: it fills its Secret and publishes its bundle in every entry.
func (c *cluster) serve(t *testing.T, namespace string) {
	t.Helper()
	ours := base64.StdEncoding.EncodeToString([]byte("ours"))
	secret := fmt.Sprintf(`{"data":{"ca.crt":%q,"tls.key":%q}}`, ours, ours)
	options := metav1.PatchOptions{FieldManager: manager}
	_, err := c.Client().CoreV1().Secrets(namespace).Patch(t.Context(), authorityName, types.MergePatchType, []byte(secret), options)
	if err != nil {
		t.Fatal(err)
	}
	configurations := c.Client().AdmissionregistrationV1().MutatingWebhookConfigurations()
	now, err := configurations.Get(t.Context(), configurationName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var patch []map[string]string
	for i := range now.Webhooks {
		patch = append(patch, map[string]string{"op": "add", "path": fmt.Sprintf("/webhooks/%d/clientConfig/caBundle", i), "value": ours})
	}
	text, err := json.Marshal(patch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := configurations.Patch(t.Context(), configurationName, types.JSONPatchType, text, options); err != nil {
		t.Fatal(err)
	}
}

// expect finds the Secret as it was served, and these bundles.
func (c *cluster) expect(t *testing.T, namespace string, bundles map[string]string) {
	t.Helper()
	secret := c.authority(t, namespace)
	for _, key := range []string{"ca.crt", "tls.key"} {
		if !bytes.Equal(secret.Data[key], []byte("ours")) {
			t.Errorf("%s of the Secret is now %q", key, secret.Data[key])
		}
	}
	c.bundlesAre(t, bundles)
}

// bundlesAre compares the bundles of all entries, by the entries' names without the domain.
func (c *cluster) bundlesAre(t *testing.T, want map[string]string) {
	t.Helper()
	got := c.bundles(t)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the bundles are %v, want %v", got, want)
	}
}

// nothingIsLeft looks for everything that could be ours.
func (c *cluster) nothingIsLeft(t *testing.T, namespace string) {
	t.Helper()
	const kinds = "mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicies," +
		"validatingadmissionpolicybindings,clusterroles,clusterrolebindings"
	const namespacedKinds = "all,secrets,configmaps,serviceaccounts,roles,rolebindings,poddisruptionbudgets,networkpolicies,resourcequotas"
	for _, arguments := range [][]string{
		{"get", kinds, "-l", "app.kubernetes.io/part-of=probe-injector", "-o", "name"},
		{"get", namespacedKinds, "-n", namespace, "-l", "app.kubernetes.io/part-of=probe-injector", "-o", "name"},
	} {
		output, err := c.Kubectl(t.Context(), arguments...)
		if err != nil {
			t.Fatal(err)
		}
		if output = strings.TrimSpace(output); output != "" && output != "No resources found" {
			t.Errorf("after the uninstallation there is still\n%s", output)
		}
	}
}

// asking is a Pod that the webhook would be called for.
func asking() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "asking", Annotations: map[string]string{"probe-injector.dev/inject": "true"}},
		Spec:       restricted(),
	}
}

// ours is the same as one of our own Pods, which has to start when none is there to answer.
func ours() *corev1.Pod {
	pod := asking()
	pod.Name, pod.Labels = "ours", map[string]string{"probe-injector.dev/component": "webhook"}
	return pod
}

// restricted passes Pod Security restricted.
func restricted() corev1.PodSpec {
	return corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{{
			Name: "web", Image: "nginx",
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			},
		}},
	}
}

// create creates a Pod, and stores nothing.
func (c *cluster) create(t *testing.T, namespace string, pod *corev1.Pod) error {
	t.Helper()
	_, err := c.Client().CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// eventually waits until something holds. The API server notices configurations a moment after they change.
func (c *cluster) eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}
