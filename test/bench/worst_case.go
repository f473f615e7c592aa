package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/test/bench/statistics"
)

// worstCaseRounds is how often such a Pod is created in the namespace of each arm. One takes half a second.
const worstCaseRounds, worstCaseRoundsQuick = 21, 3

// maxWorstCaseAdded is what our conditions may add to the creation of such a Pod, as a share of what the API server
// needs for it anyway. On a quiet machine it is 0.09 and 0.28, or 42 and 89 ms; one core that others use moves the
// milliseconds by a fifth and the share hardly, and a condition without limits would be at 30 and more.
const maxWorstCaseAdded = 0.5

// worstCases are Pods that the API server accepts and that make a condition without limits cost it many seconds.
func worstCases() map[string]*corev1.Pod {
	const annotations, containers = 40_000, 8_000
	annotated := worstCase(1)
	annotated.Annotations = make(map[string]string, annotations)
	for i := range annotations {
		annotated.Annotations[fmt.Sprintf("a%d", i)] = ""
	}
	return map[string]*corev1.Pod{
		"create_40000_annotations": annotated,
		"create_8000_containers":   worstCase(containers),
	}
}

func worstCase(containers int) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "worst-case"}}
	for i := range containers {
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: fmt.Sprintf("c%d", i), Image: "i"})
	}
	return pod
}

// measureWorstCases compares their creation in a namespace where the API server has to look for annotations of ours, with
// our default entries, and in one where it need not.
func measureWorstCases(ctx context.Context, b *bench) (values, error) {
	c, err := startCluster(ctx)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	found, err := compareWorstCases(ctx, b, c)
	return found, errors.Join(err, c.stop())
}

func compareWorstCases(ctx context.Context, b *bench, c *cluster) (values, error) {
	if err := c.createNamespaces(ctx, []string{armSelected}, []string{armExcluded}); err != nil {
		return nil, err
	}
	found := values{}
	for name, pod := range worstCases() {
		body, err := json.Marshal(pod)
		if err != nil {
			return nil, fmt.Errorf("writing the Pod: %w", err)
		}
		samples, err := interleave(ctx, b.times(worstCaseRounds, worstCaseRoundsQuick), c.arms(body, armSelected, armExcluded))
		if err != nil {
			return nil, err
		}
		added, alone := medianAdded(samples[armSelected], samples[armExcluded]), statistics.Median(samples[armExcluded])
		found[name+"_added_ms"], found[name+"_added_vs_create"] = added, added/alone
		b.logf("  %s: a create takes %.0f ms", name, alone)
	}
	return found, nil
}
