package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (l *lifecycle) losesTheNodeOfOnePod(t *testing.T) {
	l.needSecondNode(t)
	l.drains(t, l.pods(t)[0].Spec.NodeName)
}

// losesTheNodeOfAllPods: the PodDisruptionBudget lets one go, and the next only when the first is replaced.
func (l *lifecycle) losesTheNodeOfAllPods(t *testing.T) {
	l.needSecondNode(t)
	output := l.drains(t, l.gather(t))
	if !strings.Contains(output, "Cannot evict pod as it would violate the pod's disruption budget") {
		t.Errorf("nothing was held back by the PodDisruptionBudget:\n%s", output)
	}
}

// drains empties a node of our Pods while Pods are created, and returns what kubectl said. Only of ours, because on
// somebody else's cluster the node runs other things as well.
func (l *lifecycle) drains(t *testing.T, node string) string {
	t.Helper()
	serving := l.watchServing(t)
	creations := l.createAllTheTime(t, l.shop)
	defer l.uncordon(t, node)
	began := time.Now()
	output := l.kubectl(t, "drain", node, "--ignore-daemonsets", "--delete-emptydir-data",
		"--pod-selector=app.kubernetes.io/name=probe-injector", "--timeout=3m")
	t.Logf("draining %s took %s", node, time.Since(began).Round(time.Second))
	for _, pod := range l.pods(t) {
		if pod.Spec.NodeName == node {
			t.Errorf("%s is still on %s", pod.Name, node)
		}
	}
	l.waitUntilComplete(t)
	creations.end(t, "draining "+node)
	serving.end(t)
	return output
}

// gather brings all our Pods to one node, if they are not there yet, and returns the node.
func (l *lifecycle) gather(t *testing.T) string {
	t.Helper()
	node := l.pods(t)[0].Spec.NodeName
	for _, other := range l.schedulableNodes(t) {
		if other != node {
			l.kubectl(t, "cordon", other)
			defer l.uncordon(t, other)
		}
	}
	for _, pod := range l.pods(t) {
		if pod.Spec.NodeName != node {
			l.kubectl(t, "delete", "pod", pod.Name, "--namespace", releaseNamespace)
			l.waitUntilComplete(t)
		}
	}
	return node
}

// uncordon lets a node take Pods again, and waits until it does: a controller removes the taint.
func (l *lifecycle) uncordon(t *testing.T, name string) {
	t.Helper()
	if _, err := l.tryKubectl(context.Background(), nil, "uncordon", name); err != nil {
		t.Error(err)
		return
	}
	eventually(t, 30*time.Second, name+" takes Pods again", func() error {
		node, err := l.client.CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
		if err == nil && slices.ContainsFunc(node.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == corev1.TaintNodeUnschedulable }) {
			err = errors.New("it is tainted as unschedulable")
		}
		return err
	})
}

// waitUntilComplete waits until there are two Pods of ours, both Ready and none on its way out.
func (l *lifecycle) waitUntilComplete(t *testing.T) {
	t.Helper()
	eventually(t, endTimeout, "our Pods are complete", func() error {
		pods := l.pods(t)
		ready, err := l.inRotation(t.Context(), releaseNamespace, releaseName)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			if !slices.Contains(ready, pod.Name) {
				return fmt.Errorf("%s is not in rotation", pod.Name)
			}
			if pod.DeletionTimestamp != nil || !isReady(&pod) {
				return fmt.Errorf("%s is ending or not Ready: %s", pod.Name, summary(&pod))
			}
		}
		if len(pods) != 2 {
			return fmt.Errorf("there are %d", len(pods))
		}
		return nil
	})
}

// needSecondNode skips the step on a cluster of somebody else where there is nowhere to go.
func (l *lifecycle) needSecondNode(t *testing.T) {
	t.Helper()
	if nodes := l.schedulableNodes(t); len(nodes) < 2 {
		l.lacks(t, "the only node that takes Pods is "+strings.Join(nodes, ", ")+": what is drained from it has nowhere to go")
	}
}

// schedulableNodes are the nodes that take Pods without tolerations.
func (l *lifecycle) schedulableNodes(t *testing.T) []string {
	t.Helper()
	list, err := l.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, node := range list.Items {
		if !node.Spec.Unschedulable && !isTainted(&node) {
			found = append(found, node.Name)
		}
	}
	return found
}

func isTainted(node *corev1.Node) bool {
	for _, taint := range node.Spec.Taints {
		if taint.Effect != corev1.TaintEffectPreferNoSchedule {
			return true
		}
	}
	return false
}
