package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/charttools"
)

// wrongPolicies are policies that no server would accept, with what helm upgrade has to say: the place and what is wrong there.
func wrongPolicies() map[string]struct {
	policy string
	says   []string
} {
	return map[string]struct {
		policy string
		says   []string
	}{
		"a profile that does not exist": {
			`{rules: [{name: team, profile: our-flsk}], profiles: [{name: our-flask, readiness: {handler: /ready}}]}`,
			[]string{`policy.rules[0].profile: "our-flsk" is no profile`, "our-flask"},
		},
		"a handler without a path": {
			`{profiles: [{name: our-flask, readiness: {handler: "http:8080"}}]}`,
			[]string{`policy.profiles[0].readiness.handler: "http:8080" is no handler`, "http:PORT/PATH"},
		},
		"a command as a handler": {
			`{profiles: [{name: our-flask, liveness: {handler: "exec:foo"}}]}`,
			[]string{`policy.profiles[0].liveness.handler: "exec:foo" is no handler`, "exec: {command: [PROGRAM, ARGUMENT]}"},
		},
		"what only the servers know": {
			`{profiles: [{name: our-flask, class: slow, readiness: {handler: /ready}}], rules: [{name: a}, {name: b, podSelector: {matchLabels: {x: w}}}]}`,
			[]string{"the policy is wrong", `spec.profiles[0].class: Unsupported value: "slow"`, "spec.rules[1].podSelector: Invalid value"},
		},
	}
}

// TestAWrongPolicyNeverGetsIn: helm upgrade fails with what is wrong, before anything in the cluster has changed.
func TestAWrongPolicyNeverGetsIn(t *testing.T) {
	r := theSuite.install(t, charttools.Helm4, "")
	for _, tool := range []charttools.Tool{charttools.Helm3, charttools.Helm4} {
		t.Run(string(tool), func(t *testing.T) { r.with(t, tool).refusesWrongPolicies(t) })
	}
}

// with is the same release, handled by another Helm.
func (r *release) with(t *testing.T, tool charttools.Tool) *release {
	t.Helper()
	other := *r
	var err error
	if other.helm, err = charttools.Path(t.Context(), tool); err != nil {
		t.Fatal(err)
	}
	return &other
}

func (r *release) refusesWrongPolicies(t *testing.T) {
	before := r.inForce(t)
	for name, wrong := range wrongPolicies() {
		t.Run(name, func(t *testing.T) {
			output, took := r.refuses(t, "policy: "+wrong.policy+"\n")
			for _, want := range wrong.says {
				// Helm 4 quotes what the Job said.
				if !strings.Contains(strings.ReplaceAll(output, `\"`, `"`), want) {
					t.Errorf("it does not say %q:\n%s", want, output)
				}
			}
			if difference := cmp.Diff(before, r.inForce(t), cmp.AllowUnexported(inForce{})); difference != "" {
				t.Errorf("-before +now:\n%s", difference)
			}
			t.Logf("refused after %s", took.Round(100*time.Millisecond))
		})
	}
	t.Run("a right policy passes", func(t *testing.T) {
		began := time.Now()
		r.tries(t, "policy: {profiles: [{name: our-flask, readiness: {handler: /ready}}]}\npolicyCheck: {enabled: false}\n")
		without := time.Since(began)
		began = time.Now()
		r.tries(t, "policy: {profiles: [{name: our-flask, liveness: {handler: /live}}]}\n")
		with := time.Since(began)
		t.Logf("helm upgrade took %s without the check and %s with it", without.Round(100*time.Millisecond), with.Round(100*time.Millisecond))
		left, err := r.client.BatchV1().Jobs(releaseNamespace).List(t.Context(), metav1.ListOptions{})
		if err != nil || len(left.Items) > 0 {
			t.Errorf("left are %d Jobs: %v", len(left.Items), err)
		}
		configMaps, err := r.client.CoreV1().ConfigMaps(releaseNamespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=probe-injector"})
		if err != nil || len(configMaps.Items) != 1 {
			t.Errorf("there are %d ConfigMaps: %v", len(configMaps.Items), err)
		}
	})
	// Back to where the other Helm begins; a rollback runs no check.
	if output, err := r.run(t.Context(), "rollback", releaseName, "1", "--namespace", releaseNamespace); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}

// inForce is all that an upgrade could have changed.
type inForce struct {
	deployment int64
	configMap  string
	webhooks   []admissionregistrationv1.MutatingWebhook
}

// inForce does not count the writes of the webhook configuration: seconds after a publication the servers write the same
// bundle once more, with a line end behind it.
func (r *release) inForce(t *testing.T) inForce {
	t.Helper()
	deployment, err := r.client.AppsV1().Deployments(releaseNamespace).Get(t.Context(), releaseName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := r.client.CoreV1().ConfigMaps(releaseNamespace).Get(t.Context(), releaseName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	webhooks := r.webhooks(t)
	for n := range webhooks {
		bundle := &webhooks[n].ClientConfig.CABundle
		*bundle = bytes.TrimSpace(*bundle)
	}
	return inForce{deployment: deployment.Generation, configMap: policy.ResourceVersion, webhooks: webhooks}
}

// refuses is helm upgrade with values that are wrong: what it printed, and how long it took.
func (r *release) refuses(t *testing.T, values string) (output string, took time.Duration) {
	t.Helper()
	began := time.Now()
	output, err := r.run(t.Context(), r.upgradeWith(t, values)...)
	if err == nil {
		t.Fatalf("it is accepted:\n%s", output)
	}
	return output, time.Since(began)
}

// tries is helm upgrade that does not wait for Pods.
func (r *release) tries(t *testing.T, values string) string {
	t.Helper()
	output, err := r.run(t.Context(), r.upgradeWith(t, values)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return output
}

func (r *release) upgradeWith(t *testing.T, values string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"upgrade", "--install", releaseName, r.chart, "--namespace", releaseNamespace, "--create-namespace", "--values", file, "--timeout", helmTimeout}
}
