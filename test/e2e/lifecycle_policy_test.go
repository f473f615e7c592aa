package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/metrics"
)

// A kubelet brings a changed ConfigMap to a Pod when it looks at the Pod: after its syncFrequency, a minute by default, and
// up to half as much again (resyncInterval and workerResyncIntervalJitterFactor in its pod_workers.go), or at once when the
// Pod itself changes. We read the file when it does.
const (
	policyWithin         = 90 * time.Second
	policyWhenToldWithin = 5 * time.Second
)

// withTeamRule are the chart's defaults and one rule more.
const withTeamRule = `
policy:
  rules:
  - name: labelled-namespaces
    namespaceSelector: {matchLabels: {probe-injector.dev/inject: "true"}}
    probes: [readiness]
  - name: team
    namespaceSelector: {matchLabels: {team: lifecycle}}
    probes: [readiness]
`

// TestFullPolicyReachesRunningPods waits as long as kubelets take by themselves.
func TestFullPolicyReachesRunningPods(t *testing.T) {
	s := theSuite
	l := &lifecycle{s.install(t, charttools.Helm3, ""), s.namespace(t, "lifecycle", restricted())}
	l.learnsAPolicy(t, "a changed policy is used", policyWithin, func() {})
}

// learnsAPolicyWhenToldTo is the way of docs/upgrades.md for those who cannot wait.
func (l *lifecycle) learnsAPolicyWhenToldTo(t *testing.T) {
	l.learnsAPolicy(t, "a changed policy is used after kubectl annotate", policyWhenToldWithin, func() {
		// An annotation of its own each time: one that is the same changes nothing.
		l.kubectl(t, "annotate", "pods", "--all", "--overwrite", "--namespace", releaseNamespace,
			"looked-at="+strconv.FormatInt(time.Now().Unix(), 10))
	})
}

// learnsAPolicy adds a rule: the webhook configuration has it at once, and the running Pods when their kubelets have
// brought the file. Nothing is restarted, and nothing refused or missed meanwhile.
func (l *lifecycle) learnsAPolicy(t *testing.T, what string, within time.Duration, tell func()) {
	t.Helper()
	before := l.pods(t)
	read := l.policiesRead(t)
	team := l.namespace(t, "team", map[string]string{"team": "lifecycle"})
	creations := l.createAllTheTime(t, l.shop)
	l.upgrade(t, withTeamRule)
	// Helm returns when the ConfigMap is written. The kubelets' watches may be a moment behind.
	time.Sleep(time.Second)
	tell()
	told := time.Now()
	eventually(t, within+slack+time.Minute, "all our Pods have read the new policy", func() error {
		for name, times := range l.policiesRead(t) {
			if times <= read[name] {
				return fmt.Errorf("%s has read a policy %v times, as before", name, times)
			}
		}
		return nil
	})
	l.expect(t, measured{"lifecycle", what, time.Since(told), 0, within})
	creations.end(t, "helm upgrade by a rule")
	if !l.getsReadiness(t, team) {
		t.Error("a Pod that the new rule concerns got no readiness probe")
	}
	for _, pod := range l.pods(t) {
		if !among(before, pod) {
			t.Errorf("%s is new: a changed policy must not replace Pods", pod.Name)
		}
	}
}

// policiesRead says how often each of our Pods has read a policy that it uses, by name. An API server asks the one of them
// to which it has a connection, so Pods that are created say little about the others.
func (l *lifecycle) policiesRead(t *testing.T) map[string]float64 {
	t.Helper()
	read := map[string]float64{}
	for _, pod := range l.pods(t) {
		text, err := l.ask(t.Context(), releaseNamespace, pod.Name, 8080, "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		scrape, err := metrics.Parse(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		read[pod.Name] = scrape.Sum("probe_injector_policy_reloads_total", map[string]string{"result": "success"})
	}
	return read
}

// getsReadiness creates a Pod, on dry run, that asks for nothing, as a ReplicaSet does.
func (l *lifecycle) getsReadiness(t *testing.T, namespace string) bool {
	t.Helper()
	pod := askingPod()
	pod.Annotations = nil
	pod.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-5f6d7", UID: "5f0c1a1e-1111-4222-8333-444455556666", Controller: new(true),
	}}
	created, err := l.client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		t.Fatalf("a Pod that a new rule concerns was refused: %v", err)
	}
	return created.Spec.Containers[0].ReadinessProbe != nil
}
