package main

import (
	"context"
	"regexp"
)

// values are what an experiment measured, by the names of its figures.
type values map[string]float64

// experiment measures some figures that have a setup in common.
type experiment struct {
	// subject is what is measured, for people.
	subject string
	figures []figure
	measure func(context.Context, *bench) (values, error)
}

// matching returns the figures whose names match.
func (e *experiment) matching(only *regexp.Regexp) []figure {
	var matching []figure
	for _, figure := range e.figures {
		if only.MatchString(figure.name) {
			matching = append(matching, figure)
		}
	}
	return matching
}

// experiments is the table of all figures, in the order in which they are measured. A ceiling of allocations is a
// tenth above what was measured when it was written: it is there to be lowered by improvements, and to make a
// regression fail.
func experiments() []experiment {
	return []experiment{
		{
			subject: "allocations of a review",
			figures: []figure{
				{"allocs_per_review", atMost(105)},
				{"bytes_per_review", atMost(14500)},
				{"allocs_growth_10_to_100", atMost(12)},
				{"allocs_growth_100_to_1000", atMost(12)},
				{"bytes_growth_10_to_100", atMost(12)},
				{"bytes_growth_100_to_1000", atMost(12)},
				{"time_growth_10_to_100", atMost(12)},
				{"time_growth_100_to_1000", atMost(12)},
			},
			measure: measureAllocations,
		},
		{
			subject: "CPU time of a review of 4 KB",
			figures: []figure{
				{"cpu_aa_4kb", sameServer()},
				{"cpu_per_review_vs_floor_4kb", atMost(1.15)},
				{"cpu_per_review_vs_bare_4kb", information()},
				{"cpu_per_review_vs_typed_4kb", atMost(0.19)},
			},
			measure: cpuExperiment{size: "4kb", review: smallReview, requests: 1500}.measure,
		},
		{
			subject: "CPU time of a review of 130 KB",
			figures: []figure{
				{"cpu_aa_130kb", sameServer()},
				{"cpu_per_review_vs_floor_130kb", atMost(0.65)},
				{"cpu_per_review_vs_bare_130kb", information()},
				{"cpu_per_review_vs_typed_130kb", atMost(0.19)},
			},
			measure: cpuExperiment{size: "130kb", review: largeReview, requests: 160}.measure,
		},
		{
			subject: "what webhooks add to the creation of a Pod",
			figures: []figure{
				{"create_aa", sameServer()},
				{"create_added_p50_vs_floor", atMost(1.15)},
				{"create_added_p50_ms_native", information()},
				{"create_added_p50_ms_bare", information()},
				{"create_added_p50_ms_floor", information()},
				{"create_added_p50_ms_ours", information()},
			},
			measure: measureCreates,
		},
		{
			subject: "what we add to the creation of a Pod that did not ask",
			figures: []figure{
				{"create_unasked_aa_ms", within(-maxNothingMilliseconds, maxNothingMilliseconds)},
				{"create_unasked_added_ms", atMost(0.6)},
			},
			measure: measureUnasked,
		},
		{
			subject: "what our conditions cost the API server for monstrous Pods",
			figures: []figure{
				{"create_40000_annotations_added_ms", atMost(100)},
				{"create_40000_annotations_added_vs_create", atMost(maxWorstCaseAdded)},
				{"create_8000_containers_added_ms", atMost(100)},
				{"create_8000_containers_added_vs_create", atMost(maxWorstCaseAdded)},
			},
			measure: measureWorstCases,
		},
		{
			subject: "CPU time of a preflight",
			figures: []figure{
				{"cpu_preflight_aa", sameServer()},
				{"cpu_preflight_create_vs_pod", atMost(1.5)},
				{"cpu_preflight_update_vs_pod", atMost(1.5)},
			},
			measure: measurePreflightCPU,
		},
		{
			subject: "what preflight adds to an apply",
			figures: []figure{
				{"apply_aa", sameServer()},
				{"apply_vs_floor", atMost(1.15)},
				{"apply_added_p50_ms_floor", information()},
				{"apply_added_p50_ms_ours", information()},
			},
			measure: measureApplies,
		},
		{
			subject: "what preflight adds to an update that it excludes",
			figures: []figure{
				{"update_excluded_small_added_ms", atMost(1)},
				{"update_excluded_small_condition_ms", atMost(1)},
				{"update_excluded_265kb_condition_ms", atMost(30)},
				{"update_excluded_5000_annotations_condition_ms", atMost(30)},
			},
			measure: measureExcluded,
		},
		{
			subject: "policy test of a large fleet",
			figures: []figure{
				{"policy_test_5000_cpu_seconds", atMost(3)},
				{"policy_test_vs_reading", atMost(2)},
			},
			measure: measurePolicyTest,
		},
		{
			subject: "memory after many reviews",
			figures: []figure{{"rss_mib", atMost(40)}},
			measure: measureMemory,
		},
		{
			subject: "the time from start to ready",
			figures: []figure{{"ready_seconds", atMost(1)}},
			measure: measureReady,
		},
	}
}
