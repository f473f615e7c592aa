package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// uninstallsUnderFail removes the release and looks for what is left of it. The namespace stays, which Helm makes and
// does not remove. Helm deletes the Service milliseconds after the webhook configuration, and an API server may learn of
// the former first; so under Fail docs/upgrades.md has the configuration go a second earlier.
func (l *lifecycle) uninstallsUnderFail(t *testing.T) {
	creations := l.createAllTheTime(t, l.shop)
	l.kubectl(t, "delete", "mutatingwebhookconfiguration", "0-probe-injector")
	time.Sleep(time.Second)
	if _, err := l.run(t.Context(), "uninstall", releaseName, "--namespace", releaseNamespace, "--wait"); err != nil {
		t.Fatal(err)
	}
	created, err := l.client.CoreV1().Pods(l.shop).Create(t.Context(), askingPod(), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		t.Error(err)
	} else {
		isUntouched(t, created)
	}
	// Pods of ours that drain are the last to go.
	eventually(t, endTimeout, "nothing is left of the release", func() error {
		if left := l.leftovers(t); len(left) > 0 {
			return errors.New(strings.Join(left, ", "))
		}
		return nil
	})
	creations.wait()
	t.Logf("%d Pods created, %d of them without probes, %d refused", creations.created, len(creations.missed), len(creations.refused))
	for _, f := range creations.refused {
		t.Errorf("after %s: %v", f.after.Round(time.Millisecond), f.err)
	}
}

// leftovers lists objects of every kind that carry our label or our name. Events are about the past, and the namespace
// is not of the release.
func (l *lifecycle) leftovers(t *testing.T) []string {
	t.Helper()
	kinds := strings.Fields(l.kubectl(t, "api-resources", "--verbs=list", "--output=name"))
	listable := kinds[:0]
	for _, kind := range kinds {
		if !strings.HasPrefix(kind, "events") {
			listable = append(listable, kind)
		}
	}
	var left []string
	objects := l.kubectl(t, "get", strings.Join(listable, ","), "--all-namespaces", "--ignore-not-found",
		"--output", `jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.labels}{"\n"}{end}`)
	for line := range strings.Lines(objects) {
		name, labels, _ := strings.Cut(strings.TrimSpace(line), " {")
		ours := strings.Contains(name, releaseName) || strings.Contains(labels, `"app.kubernetes.io/part-of":"probe-injector"`)
		if ours && name != "Namespace "+releaseNamespace {
			left = append(left, name)
		}
	}
	return left
}

// installsUnderFail installs the release again. Until the first of our Pods is Ready there is an entry and nobody behind
// it, so Pods are refused. That must be over when Helm returns.
func (l *lifecycle) installsUnderFail(t *testing.T) {
	began := time.Now()
	creations := l.createAllTheTime(t, l.shop)
	l.upgrade(t, `webhook: {failurePolicy: Fail}`)
	installed := time.Since(began)
	time.Sleep(noticed)
	creations.wait()
	last := time.Duration(0)
	for _, f := range creations.refused {
		last = max(last, f.after)
	}
	t.Logf("installed after %.1f s; of %d Pods %d were created without probes and %d refused, the last after %.1f s",
		installed.Seconds(), creations.created, len(creations.missed), len(creations.refused), last.Seconds())
	if last > installed {
		t.Errorf("a Pod was refused %s after the beginning, and Helm returned after %s", last, installed)
	}
	l.isComplete(t)
}
