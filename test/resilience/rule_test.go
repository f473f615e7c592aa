package resilience

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/controlplane"
	"github.com/probe-injector/probe-injector/test/server"
)

// production is the namespace that a new rule is about.
const production = "production"

// The values before and after a rule is added.
const (
	withoutRule = "policy:\n  rules: []\n"
	withRule    = "policy:\n  rules:\n  - {name: production, namespaceSelector: {matchLabels: {stage: production}}, probes: [readiness]}\n"
)

// owned is a Pod as a ReplicaSet makes it, without annotations of ours.
func owned(namespace string) subject {
	owner := metav1.OwnerReference{
		APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-5f6d7", UID: "5f0c1a1e-1111-4222-8333-444455556666",
		Controller: new(true), BlockOwnerDeletion: new(true),
	}
	return subject{namespace: namespace, metadata: map[string]any{"ownerReferences": []any{owner}}, probes: []string{"readinessProbe"}}
}

// TestARuleAddedToARunningReleaseRefusesNothing upgrades a release by a rule while Pods are created that it concerns.
// The API server uses the new entry at once, and the servers get the policy file later, each at its own time: a kubelet
// takes up to a minute and a half.
func TestARuleAddedToARunningReleaseRefusesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, controlplane.Options{})
	if err := c.CreateNamespace(t.Context(), production, map[string]string{"stage": "production"}); err != nil {
		t.Fatal(err)
	}
	r := c.install(t, plan{values: withoutRule, timeoutSeconds: patience, replicas: 2})
	load := c.load(t, owned(production))
	sleepUntil(t, time.Now().Add(time.Second))
	if got := r.counted(t, "probe_injector_skips_total", map[string]string{"reason": "rule_not_loaded"}); got != 0 {
		t.Errorf("before the rule, %v Pods reached a rule that is not loaded", got)
	}

	r.render(t, withRule)
	r.upgrade(t)
	entries := time.Now()
	r.eventuallyCounts(t, "probe_injector_skips_total", map[string]string{"reason": "rule_not_loaded"})
	inUse := time.Since(entries)
	sleepUntil(t, entries.Add(2*time.Second))
	reloads := make([]time.Duration, 0, 2)
	for _, s := range r.running() {
		reloads = append(reloads, r.reloadPolicy(t, s))
		// The files of two nodes never change at the same moment.
		sleepUntil(t, time.Now().Add(time.Second))
	}
	everywhere := time.Now()
	sleepUntil(t, everywhere.Add(time.Second))
	outcome := load.end()

	late := outcome.where(func(a attempt) bool { return a.isMissed() && a.at.After(everywhere) })
	reviews := r.counted(t, "probe_injector_skips_total", map[string]string{"reason": "rule_not_loaded"})
	figure(t, "a new rule: its entry in use after %v, %v Pods answered with rule_not_loaded, the file in force %v after it was written, then all Pods injected: %v",
		inUse.Round(time.Millisecond), reviews, reloads, outcome)
	outcome.nothingRefused(t)
	outcome.isLoad(t, 0)
	if len(late) > 0 {
		t.Errorf("%d Pods have no probes although both servers have the rule", len(late))
	}
	if got := outcome.where(func(a attempt) bool { return a.probed }); len(got) == 0 {
		t.Error("the rule gave no Pod its probes")
	}
	if got := r.counted(t, "controller_runtime_webhook_requests_total", map[string]string{"code": "404"}); got != 0 {
		t.Errorf("%v reviews were answered with 404", got)
	}
	if failures := r.failures(); len(failures) != 0 {
		t.Errorf("calls of the webhook failed: %v", failures)
	}
}

// reloadPolicy gives a server the policy file of the release and returns how long it took until that was in force.
func (r *release) reloadPolicy(t *testing.T, s *server.Server) time.Duration {
	t.Helper()
	success := map[string]string{"result": "success"}
	before := counted(t, s, "probe_injector_policy_reloads_total", success)
	if err := s.WritePolicy(r.options.Policy); err != nil {
		t.Fatal(err)
	}
	return eventually(t, "the policy is reloaded", func() error {
		return above(before, counted(t, s, "probe_injector_policy_reloads_total", success))
	}).Round(time.Millisecond)
}
