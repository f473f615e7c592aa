package chart_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/chart"
)

// asks is the condition of Pods that ask, as one line.
const asks = `has(object.metadata.annotations) && !('kubernetes.io/config.mirror' in object.metadata.annotations) && ` +
	`!('probe-injector.dev/inject' in object.metadata.annotations && object.metadata.annotations['probe-injector.dev/inject'] == 'false') && ` +
	hasKeyOfOurs

// hasKeyOfOurs is the part of it that rules negate.
const hasKeyOfOurs = `(size(object.metadata.annotations) <= 500 ? ` +
	`object.metadata.annotations.exists(k, k != 'probe-injector.dev/status' && (k.startsWith('probe-injector.dev/') || k.contains('.probe-injector.dev/'))) : ` +
	`('probe-injector.dev/inject' in object.metadata.annotations || 'probe-injector.dev/profile' in object.metadata.annotations))`

// missesReadiness is the condition of the default rule.
const missesReadiness = `!(has(object.metadata.annotations) && ('kubernetes.io/config.mirror' in object.metadata.annotations || ` +
	hasKeyOfOurs + `)) && object.spec.containers != null && size(object.spec.containers) <= 100 && object.spec.containers.exists(c, !has(c.readinessProbe))`

func TestTheDefaultWebhookConfiguration(t *testing.T) {
	configuration := render(t, chart.Options{})
	if configuration.Name != "0-probe-injector" {
		t.Errorf("its name is %q", configuration.Name)
	}
	want := []admissionregistrationv1.MutatingWebhook{
		entry("annotated.probe-injector.dev", "/mutate/annotated", "asks", asks),
		entry("labelled-namespaces.rules.probe-injector.dev", "/mutate/rules/labelled-namespaces", "misses-probes", missesReadiness),
	}
	want[1].NamespaceSelector.MatchLabels = map[string]string{"probe-injector.dev/inject": "true"}
	if diff := cmp.Diff(want, configuration.Webhooks); diff != "" {
		t.Errorf("want - got +:\n%s", diff)
	}
}

// entry is what all entries have in common, in a default installation.
func entry(name, path, condition, expression string) admissionregistrationv1.MutatingWebhook {
	var (
		failurePolicy = admissionregistrationv1.Ignore
		sideEffects   = admissionregistrationv1.SideEffectClassNone
		reinvocation  = admissionregistrationv1.NeverReinvocationPolicy
		match         = admissionregistrationv1.Equivalent
		scope         = admissionregistrationv1.NamespacedScope
	)
	return admissionregistrationv1.MutatingWebhook{
		Name: name,
		ClientConfig: admissionregistrationv1.WebhookClientConfig{
			Service: &admissionregistrationv1.ServiceReference{
				Namespace: "probe-injector", Name: "probe-injector", Path: &path, Port: new(int32(443)),
			},
		},
		Rules: []admissionregistrationv1.RuleWithOperations{{
			Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
			Rule: admissionregistrationv1.Rule{
				APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}, Scope: &scope,
			},
		}},
		FailurePolicy:           &failurePolicy,
		MatchPolicy:             &match,
		SideEffects:             &sideEffects,
		ReinvocationPolicy:      &reinvocation,
		TimeoutSeconds:          new(int32(3)),
		AdmissionReviewVersions: []string{"v1"},
		NamespaceSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "kubernetes.io/metadata.name", Operator: "NotIn", Values: []string{"kube-system", "kube-public", "kube-node-lease"}},
			{Key: "probe-injector.dev/inject", Operator: "NotIn", Values: []string{"false"}},
		}},
		ObjectSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "probe-injector.dev/component", Operator: "NotIn", Values: []string{"webhook", "policy-check"}},
		}},
		MatchConditions: []admissionregistrationv1.MatchCondition{{Name: condition, Expression: expression}},
	}
}

func TestRulesAreGroupedByTheirNamespaceSelector(t *testing.T) {
	cases := map[string]struct {
		rules string
		// want is, for each entry after the first: its name, and what has to be missing.
		want []string
	}{
		"no rules, no entries": {
			rules: `[]`,
		},
		"rules with the same selector share the entry of the first": {
			rules: `
      - {name: a, namespaceSelector: {matchLabels: {x: "1", y: "2"}}, probes: [readiness]}
      - {name: b, namespaceSelector: {matchLabels: {y: "2", x: "1"}}, probes: [readiness]}`,
			want: []string{"a: !has(c.readinessProbe)"},
		},
		"an entry asks for the probes of all its rules": {
			rules: `
      - {name: a, namespaceSelector: {matchLabels: {x: "1"}}, probes: [readiness]}
      - {name: b, namespaceSelector: {matchLabels: {x: "1"}}, probes: [liveness, readiness]}`,
			want: []string{"a: !has(c.readinessProbe) || !has(c.livenessProbe)"},
		},
		"rules that are apart in the list are grouped, too, and groups keep the order of their first rules": {
			rules: `
      - {name: a, namespaceSelector: {matchLabels: {x: "1"}}, probes: [liveness]}
      - {name: b, namespaceSelector: {matchLabels: {x: "2"}}, probes: [readiness]}
      - {name: c, namespaceSelector: {matchLabels: {x: "1"}}, probes: [liveness]}`,
			want: []string{"a: !has(c.livenessProbe)", "b: !has(c.readinessProbe)"},
		},
		"absent, null, empty and selectors of empty members are the same": {
			rules: `
      - {name: a, probes: [readiness]}
      - {name: b, namespaceSelector: null, probes: [readiness]}
      - {name: c, namespaceSelector: {}, probes: [readiness]}
      - {name: d, namespaceSelector: {matchLabels: {}, matchExpressions: []}, probes: [readiness]}`,
			want: []string{"a: !has(c.readinessProbe)"},
		},
		"a rule that does not say which probes asks for readiness": {
			rules: `[{name: a}]`,
			want:  []string{"a: !has(c.readinessProbe)"},
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			configuration := render(t, chart.Options{Values: "policy:\n  rules: " + test.rules})
			var got []string
			for _, webhook := range configuration.Webhooks[1:] {
				group, ok := strings.CutSuffix(webhook.Name, ".rules.probe-injector.dev")
				if !ok || *webhook.ClientConfig.Service.Path != "/mutate/rules/"+group {
					t.Errorf("the entry %s calls %s", webhook.Name, *webhook.ClientConfig.Service.Path)
				}
				_, missing, _ := strings.Cut(webhook.MatchConditions[0].Expression, "object.spec.containers.exists(c, ")
				got = append(got, group+": "+strings.TrimSuffix(missing, ")"))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("want - got +:\n%s", diff)
			}
		})
	}
}

func TestSelectors(t *testing.T) {
	type requirement = metav1.LabelSelectorRequirement
	var (
		notKilled = requirement{Key: "probe-injector.dev/inject", Operator: "NotIn", Values: []string{"false"}}
		notOurs   = requirement{Key: "probe-injector.dev/component", Operator: "NotIn", Values: []string{"webhook", "policy-check"}}
		notIn     = func(namespaces ...string) requirement {
			system := []string{"kube-system", "kube-public", "kube-node-lease"}
			return requirement{Key: "kubernetes.io/metadata.name", Operator: "NotIn", Values: append(system, namespaces...)}
		}
	)
	cases := map[string]struct {
		values string
		// namespaces and objects are the selectors of the last entry.
		namespaces, objects metav1.LabelSelector
	}{
		"excluded namespaces are excluded": {
			values:     `{policy: {rules: []}, excludedNamespaces: [a, kube-system]}`,
			namespaces: metav1.LabelSelector{MatchExpressions: []requirement{notIn("a"), notKilled}},
			objects:    metav1.LabelSelector{MatchExpressions: []requirement{notOurs}},
		},
		"under Fail the release's namespace is, too": {
			values:     `{policy: {rules: []}, webhook: {failurePolicy: Fail}}`,
			namespaces: metav1.LabelSelector{MatchExpressions: []requirement{notIn("probe-injector"), notKilled}},
			objects:    metav1.LabelSelector{MatchExpressions: []requirement{notOurs}},
		},
		"requireLabel selects labelled Pods": {
			values:     `{policy: {rules: []}, webhook: {requireLabel: true}}`,
			namespaces: metav1.LabelSelector{MatchExpressions: []requirement{notIn(), notKilled}},
			objects: metav1.LabelSelector{MatchExpressions: []requirement{
				notOurs, {Key: "probe-injector.dev/inject", Operator: "Exists"},
			}},
		},
		"a rule's own selector comes first": {
			values: `{policy: {rules: [{name: a, namespaceSelector: {matchLabels: {x: "1"}, matchExpressions: [{key: tier, operator: Exists}]}}]}}`,
			namespaces: metav1.LabelSelector{
				MatchLabels:      map[string]string{"x": "1"},
				MatchExpressions: []requirement{{Key: "tier", Operator: "Exists"}, notIn(), notKilled},
			},
			objects: metav1.LabelSelector{MatchExpressions: []requirement{notOurs}},
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			webhooks := render(t, chart.Options{Values: test.values}).Webhooks
			last := webhooks[len(webhooks)-1]
			if diff := cmp.Diff(&test.namespaces, last.NamespaceSelector); diff != "" {
				t.Errorf("namespaces: want - got +:\n%s", diff)
			}
			if diff := cmp.Diff(&test.objects, last.ObjectSelector); diff != "" {
				t.Errorf("objects: want - got +:\n%s", diff)
			}
		})
	}
}

func TestTheBundleOfAnExistingSecretIsRegistered(t *testing.T) {
	pem := authorityPEM(t)
	configuration := render(t, chart.Options{Values: bundle(pem)})
	for _, webhook := range configuration.Webhooks {
		if got := string(webhook.ClientConfig.CABundle); got != pem {
			t.Errorf("%s has the bundle %q", webhook.Name, got)
		}
	}
}

func TestTheConfigurationForALocalServerKeepsThePaths(t *testing.T) {
	rendered, err := chart.Render(chart.Options{})
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := rendered.WebhookConfigurationAt("127.0.0.1:9443", []byte("PEM"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, webhook := range configuration.Webhooks {
		got = append(got, *webhook.ClientConfig.URL+" "+string(webhook.ClientConfig.CABundle))
	}
	want := []string{"https://127.0.0.1:9443/mutate/annotated PEM", "https://127.0.0.1:9443/mutate/rules/labelled-namespaces PEM"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// render returns the webhook configuration of an installation.
func render(t *testing.T, options chart.Options) *admissionregistrationv1.MutatingWebhookConfiguration {
	t.Helper()
	rendered, err := chart.Render(options)
	if err != nil {
		t.Fatal(err)
	}
	configuration, err := rendered.WebhookConfiguration()
	if err != nil {
		t.Fatal(err)
	}
	return configuration
}
