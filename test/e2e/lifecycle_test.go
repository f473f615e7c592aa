package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/images"
)

// nextVersion is what we upgrade to: the same program under another version. checkout.Version is what we come from.
const nextVersion = "v0.1.1"

// endTimeout is how long a Pod of ours may take to be gone after it was told to: terminationGracePeriodSeconds of the
// chart's defaults is 30, and the kubelet needs a moment before and after.
const endTimeout = time.Minute

// lifecycle is a release over its life, and a namespace in which Pods are created meanwhile.
type lifecycle struct {
	*release
	shop string
}

// TestLifecycle goes through the life of a release as docs/operations.md and docs/upgrades.md tell it, by Helm 3; the
// installation that other tests share is by Helm 4. One step follows from the other, so the first that fails is the last.
func TestLifecycle(t *testing.T) {
	s := theSuite
	s.load(t, func(ctx context.Context) (images.Image, error) { return images.WebhookVersion(ctx, nextVersion) })
	l := &lifecycle{s.install(t, charttools.Helm3, ""), s.namespace(t, "lifecycle", restricted())}
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"an installation is complete when Helm returns", l.isComplete},
		{"helm test needs no other image, under Ignore", l.passesHelmTests},
		{"an upgrade replaces every Pod and misses nothing", l.upgradesUnderIgnore},
		{"a rollback brings the old version back and misses nothing", l.rollsBack},
		{"a namespace is labelled in the same apply as its first Deployment", l.meetsNewNamespaces},
		{"a changed policy reaches the running Pods", l.learnsAPolicyWhenToldTo},
		{"a node with one of our Pods is drained, under Ignore", l.losesTheNodeOfOnePod},
		{"a node with all of our Pods is drained, under Ignore", l.losesTheNodeOfAllPods},
		{"all our Pods are deleted, under Ignore", l.losesAllPodsUnderIgnore},
		{"all our Pods are killed, under Ignore", l.killsAllPodsUnderIgnore},
		{"an upgrade to Fail replaces every Pod and refuses nothing", l.upgradesToFail},
		{"helm test needs no other image, under Fail", l.passesHelmTests},
		{"a node with one of our Pods is drained, under Fail", l.losesTheNodeOfOnePod},
		{"all our Pods are killed, under Fail", l.killsAllPodsUnderFail},
		{"an uninstallation leaves nothing and refuses nothing", l.uninstallsUnderFail},
		{"an installation under Fail refuses nothing any more when Helm returns", l.installsUnderFail},
	} {
		if !t.Run(step.name, step.run) {
			return
		}
	}
}

func (l *lifecycle) isComplete(t *testing.T) {
	nodes := map[string]bool{}
	for _, pod := range l.pods(t) {
		nodes[pod.Spec.NodeName] = true
		if !isReady(&pod) {
			t.Errorf("Helm returned before %s is Ready: %s", pod.Name, summary(&pod))
		}
		t.Logf("%s is Ready on %s", pod.Name, pod.Spec.NodeName)
	}
	if found := len(l.pods(t)); found != 2 {
		t.Errorf("there are %d Pods, want the 2 of the chart's defaults", found)
	}
	if len(nodes) < min(2, len(l.schedulableNodes(t))) {
		t.Error("all our Pods are on the same node")
	}
	l.servesAs(t, l.firstVersion(t))
}

// firstVersion is what the chart installs unless it is told another version.
func (l *lifecycle) firstVersion(t *testing.T) string {
	t.Helper()
	version, err := checkout.Version()
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// servesAs expects that Pods are told this version of ours in their status.
func (l *lifecycle) servesAs(t *testing.T, version string) {
	t.Helper()
	created, err := l.client.CoreV1().Pods(l.shop).Create(t.Context(), askingPod(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		t.Fatal(err)
	}
	if status := created.Annotations["probe-injector.dev/status"]; !strings.HasSuffix(status, "("+version+")") {
		t.Errorf("the status of a new Pod is %q, want one of %s", status, version)
	}
}

// waitUntilGone waits until these Pods are.
func (l *lifecycle) waitUntilGone(t *testing.T, pods []corev1.Pod) {
	t.Helper()
	eventually(t, endTimeout, "the old Pods are gone", func() error {
		for _, pod := range l.pods(t) {
			if among(pods, pod) {
				return fmt.Errorf("%s is still there: %s", pod.Name, summary(&pod))
			}
		}
		return nil
	})
}

// among reports whether a Pod is one of others.
func among(others []corev1.Pod, pod corev1.Pod) bool {
	return slices.ContainsFunc(others, func(other corev1.Pod) bool { return other.UID == pod.UID })
}
