package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/test/charttools"
	"github.com/probe-injector/probe-injector/test/node"
)

// nodeNoticed is how long Kubernetes may take to notice that a node is gone: node-monitor-grace-period of
// kube-controller-manager, 50 s since 1.32, and two of its node-monitor-period of 5 s to look.
const nodeNoticed = 60 * time.Second

// TestFullFailures is what happens to one of our two Pods without any notice, under Ignore. Whoever is asked in vain is
// asked for webhook.timeoutSeconds, and then the Pod is created without probes. It must end when the endpoint goes.
func TestFullFailures(t *testing.T) {
	s := theSuite
	s.needNode(t)
	l := &lifecycle{s.install(t, charttools.Helm3, ""), s.namespace(t, "lifecycle", restricted())}
	t.Run("one of our processes freezes", l.freezesOne)
	t.Run("a node is cut off", l.losesANodeWithoutNotice)
}

// freezesOne: our own probes keep what the engine says of them.
func (l *lifecycle) freezesOne(t *testing.T) {
	l.waitUntilComplete(t)
	victim := l.pods(t)[0]
	readiness := promised(t, &victim, "webhook", probe.Readiness)
	liveness := promised(t, &victim, "webhook", probe.Liveness)
	began := time.Now()
	creations := l.createAllTheTime(t, l.shop)
	time.Sleep(time.Second)
	frozen := l.freeze(t, &victim, "webhook")
	withdrawn := l.isWithdrawn(t, victim.Name, seconds(readiness.Detection)+slack+time.Minute).Sub(frozen)
	l.expect(t, measured{"our own Pod", "out of rotation after SIGSTOP", withdrawn, 0, seconds(readiness.Detection)})
	restarted, _ := l.waitFor(t, releaseNamespace, victim.Name, "is restarted", seconds(liveness.Detection)+time.Minute, func(pod *corev1.Pod) bool {
		return statusOf(pod, "webhook").RestartCount > 0
	})
	l.expect(t, measured{
		"our own Pod", "restarted after SIGSTOP", endOf(t, statusOf(restarted, "webhook")).Sub(frozen), seconds(liveness.Tolerance),
		// What is frozen does not hear SIGTERM, so it has its whole grace period.
		seconds(liveness.Detection) + seconds(int32(*victim.Spec.TerminationGracePeriodSeconds)),
	})
	l.waitUntilComplete(t)
	creations.wait()
	outageOf(creations, frozen.Sub(began), withdrawn).report(t, "SIGSTOP").letsPass(t)
}

// losesANodeWithoutNotice drops everything that goes to a node or comes from it, as if it had lost its power.
func (l *lifecycle) losesANodeWithoutNotice(t *testing.T) {
	l.waitUntilSteady(t)
	victim := l.pods(t)[0]
	began := time.Now()
	creations := l.createAllTheTime(t, l.shop)
	time.Sleep(time.Second)
	t.Cleanup(func() { l.cut(t, victim.Spec.NodeName, "--delete") })
	l.cut(t, victim.Spec.NodeName, "--insert")
	gone := time.Now()
	withdrawn := l.isWithdrawn(t, victim.Name, nodeNoticed+time.Minute).Sub(gone)
	l.expect(t, measured{"our own Pod", "out of rotation after its node was cut off", withdrawn, 0, nodeNoticed})
	time.Sleep(2 * noticed)
	creations.wait()
	outageOf(creations, gone.Sub(began), withdrawn).report(t, "a node without network").letsPass(t)
}

// waitUntilSteady waits until our Pods have been complete for a while. A kubelet of 1.36 takes a restarted container for
// started until its startup probe is set up, asks its readiness at once, and takes back for ten seconds what it said
// (pkg/kubelet/prober isContainerStarted).
func (l *lifecycle) waitUntilSteady(t *testing.T) {
	t.Helper()
	const steady = 20 * time.Second
	since := time.Now()
	eventually(t, endTimeout, "our Pods are complete for "+steady.String(), func() error {
		ready, err := l.inRotation(t.Context(), releaseNamespace, releaseName)
		if err != nil || len(ready) != 2 {
			since = time.Now()
		}
		if time.Since(since) < steady {
			return fmt.Errorf("in rotation are %s, since %s", names(ready), since.Format(time.TimeOnly))
		}
		return nil
	})
}

// isWithdrawn waits until a Pod of ours is out of rotation.
func (l *lifecycle) isWithdrawn(t *testing.T, name string, timeout time.Duration) time.Time {
	t.Helper()
	eventually(t, timeout, name+" is out of rotation", func() error {
		ready, err := l.inRotation(t.Context(), releaseNamespace, releaseName)
		if err == nil && slices.Contains(ready, name) {
			err = fmt.Errorf("in rotation are %s", names(ready))
		}
		return err
	})
	return time.Now()
}

// cut inserts, or deletes, rules in a node's packet filter that drop all that passes its interface.
func (l *lifecycle) cut(t *testing.T, name, how string) {
	t.Helper()
	for _, cutOff := range l.needNode(t).Nodes {
		if cutOff.Name != name {
			continue
		}
		for _, rule := range [][]string{{"INPUT", "--in-interface"}, {"OUTPUT", "--out-interface"}, {"FORWARD", "--in-interface"}} {
			args := append([]string{"--target", strconv.Itoa(cutOff.PID), "--net", "iptables", "--wait", how}, rule...)
			args = append(args, node.Interface, "--jump", "DROP")
			if output, err := exec.CommandContext(context.WithoutCancel(t.Context()), "nsenter", args...).CombinedOutput(); err != nil {
				t.Errorf("iptables %s on %s: %v: %s", how, name, err, output)
			}
		}
	}
}
