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

const (
	// costRounds is how many creates of each kind are compared.
	costRounds = 5
	// costAttempts is how often a comparison is repeated on a machine that is busy with something else.
	costAttempts = 3
	// maxCostOfAnEntry is how much longer the creation of a monstrous Pod may take for each entry that looks at it. The
	// API server converts the Pod once for every entry before it evaluates a condition, and that alone takes most of
	// it. Conditions that look through everything without a limit take many seconds. On a machine that is busy with
	// something else the bound is as long as the creation without us: everything takes longer then.
	maxCostOfAnEntry = 100 * time.Millisecond
)

// TestMonstrousPodsCostLittle compares the creation of the same Pod in namespaces that none, one and two of our entries
// select. The conditions keep all of these Pods away from us, so what is measured is the API server's work on the
// conditions, and nothing else.
func TestMonstrousPodsCostLittle(t *testing.T) {
	plane := controlplane.ForTest(t, controlplane.Options{})
	for name, labels := range map[string]map[string]string{
		"none": {"probe-injector.dev/inject": "false"},
		"one":  nil,
		"two":  {"probe-injector.dev/inject": "true"},
	} {
		if err := plane.CreateNamespace(t.Context(), name, labels); err != nil {
			t.Fatal(err)
		}
	}
	webhook := newRecorder(t)
	register(t, plane, "", webhook)

	ready := probed(true, false)
	cases := map[string]pod{
		"an ordinary Pod":                      {containers: ready},
		"500 annotations, the most we look at": {annotations: longAnnotations(500, 256*1024), containers: ready},
		"100 containers, the most we look at":  {containers: readyContainers(100)},
		"40,000 annotations":                   {annotations: manyAnnotations(40_000), containers: ready},
		"8,000 containers":                     {containers: manyContainers(8_000)},
	}
	for name, pod := range cases {
		t.Run(name, func(t *testing.T) {
			var tooSlow bool
			for attempt := 1; attempt == 1 || tooSlow && attempt <= costAttempts; attempt++ {
				took := measure(t, plane, pod, "none", "one", "two")
				one, two := took["one"]-took["none"], took["two"]-took["none"]
				t.Logf("%v without us; one entry costs %v, two cost %v", took["none"], one, two)
				limit := max(maxCostOfAnEntry, took["none"])
				tooSlow = one > limit || two > 2*limit
			}
			if tooSlow {
				t.Errorf("an entry costs more than %v, and more than the creation without us", maxCostOfAnEntry)
			}
			for _, namespace := range []string{"one", "two"} {
				if got := webhook.take(namespace, "pod"); got != nil {
					t.Errorf("it reached %q, so not only the conditions were measured", got)
				}
			}
		})
	}
}

// measure creates the Pod in the namespaces in turn and returns the shortest time of each, which is
// the one that others disturbed least.
func measure(t *testing.T, plane *controlplane.ControlPlane, pod pod, namespaces ...string) map[string]time.Duration {
	t.Helper()
	body, err := pod.body("pod")
	if err != nil {
		t.Fatal(err)
	}
	times := map[string][]time.Duration{}
	for range costRounds {
		// The order changes, so that none always pays for another's garbage.
		slices.Reverse(namespaces)
		for _, namespace := range namespaces {
			times[namespace] = append(times[namespace], timed(t, plane, namespace, body))
		}
	}
	shortest := map[string]time.Duration{}
	for namespace, times := range times {
		shortest[namespace] = slices.Min(times)
	}
	return shortest
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

// longAnnotations returns n annotations of others that have the given size in all, most of it in values.
func longAnnotations(n, size int) map[string]string {
	annotations := make(map[string]string, n)
	for i := range n {
		// Almost ours, so that nothing about it can be decided early.
		key := fmt.Sprintf("%s%d.probe-injector.de/v", strings.Repeat("x", 40), i)
		annotations[key] = strings.Repeat("v", size/n-len(key))
	}
	return annotations
}
