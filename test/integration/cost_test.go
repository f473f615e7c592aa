package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/test/controlplane"
)

// costRounds is how many pairs of creates are compared.
const costRounds = 15

// maxCost is how much longer the creation of a monstrous Pod may take because we are there. Conditions that look
// through everything without a limit take many seconds.
const maxCost = 100 * time.Millisecond

// TestMonstrousPodsCostLittle compares the same Pod in a namespace that all our entries select and in one that none
// does. The conditions keep all of these Pods away from us, so what is measured is the API server's work on the
// conditions, and nothing else.
func TestMonstrousPodsCostLittle(t *testing.T) {
	plane := controlplane.ForTest(t, controlplane.Options{})
	selected, killed := map[string]string{"probe-injector.dev/inject": "true"}, map[string]string{"probe-injector.dev/inject": "false"}
	for name, labels := range map[string]map[string]string{"selected": selected, "killed": killed} {
		if err := plane.CreateNamespace(t.Context(), name, labels); err != nil {
			t.Fatal(err)
		}
	}
	if err := plane.PrepareNamespace(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	webhook := newRecorder(t)
	register(t, plane, "", webhook)

	withReadiness := probed(true, false)
	cases := map[string]pod{
		"an ordinary Pod":                      {containers: withReadiness},
		"500 annotations, the most we look at": {annotations: longAnnotations(500, 256*1024), containers: withReadiness},
		"100 containers, the most we look at":  {containers: slices.Repeat(withReadiness, 100)},
		"40,000 annotations":                   {annotations: manyAnnotations(40_000), containers: withReadiness},
		"8,000 containers":                     {containers: manyContainers(8_000)},
		"4,000 containers, 20,000 annotations": {annotations: manyAnnotations(20_000), containers: manyContainers(4_000)},
		"inject false and 8,000 containers":    {annotations: map[string]string{"probe-injector.dev/inject": "false"}, containers: manyContainers(8_000)},
	}
	for name, pod := range cases {
		t.Run(name, func(t *testing.T) {
			for i := range pod.containers {
				pod.containers[i].Name = fmt.Sprintf("c%d", i)
			}
			without, with := measure(t, plane, pod, "killed", "selected")
			t.Logf("%v without us, %v with us: %v more", without, with, with-without)
			if got := webhook.take("selected", "pod"); got != nil {
				t.Fatalf("it reached %q, so the conditions alone were not measured", got)
			}
			if with-without > maxCost {
				t.Errorf("it costs %v more, not at most %v", with-without, maxCost)
			}
		})
	}
}

// measure creates the Pod in two namespaces in turn and returns the median times.
func measure(t *testing.T, plane *controlplane.ControlPlane, pod pod, without, with string) (time.Duration, time.Duration) {
	t.Helper()
	body, err := pod.body("pod")
	if err != nil {
		t.Fatal(err)
	}
	namespaces := []string{without, with}
	times := map[string][]time.Duration{}
	for range costRounds {
		// Who goes first alternates, so that neither always pays for the other's garbage.
		slices.Reverse(namespaces)
		for _, namespace := range namespaces {
			times[namespace] = append(times[namespace], timed(t, plane, namespace, body))
		}
	}
	return median(times[without]), median(times[with])
}

// timed creates the Pod on dry run and returns how long that took.
func timed(t *testing.T, plane *controlplane.ControlPlane, namespace string, body []byte) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	start := time.Now()
	if err := dryRun(ctx, plane, namespace, body); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}

// longAnnotations returns n annotations of others that have the given size in all, most of it in values.
func longAnnotations(n, size int) map[string]string {
	annotations := make(map[string]string, n)
	for i := range n {
		// Ends like ours, so that nothing about it can be decided early.
		key := fmt.Sprintf("%s%d.probe-injector.de/v", strings.Repeat("x", 40), i)
		annotations[key] = strings.Repeat("v", size/n-len(key))
	}
	return annotations
}
