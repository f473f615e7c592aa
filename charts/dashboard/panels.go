package main

// kind is how a panel shows what it asks.
type kind int

const (
	graph kind = iota
	figure
	list
)

type row struct {
	title  string
	panels []panel
}

type panel struct {
	kind               kind
	title, description string
	// unit is one of Grafana's, and none stands where there is nothing to show.
	unit, none string
	queries    []query
}

type query struct{ expr, legend string }

// ours selects the series of the chosen release.
const ours = `namespace=~"$namespace",job=~"$job"`

// entries selects the API server's series of the entries for Pods.
const entries = `name=~"(annotated|.+[.]rules)[.]probe-injector[.]dev"`

// needsWorkloads stands under each panel of which the chart records the series.
const needsWorkloads = " Needs metrics.prometheusRule.workloads of the chart."

func rows() []row {
	return []row{
		{"State", state()},
		{"Reviews", reviews()},
		{"Probes", probes()},
		{"Workloads with injected probes", workloads()},
	}
}

func state() []panel {
	return []panel{
		{
			figure, "Replicas", "Replicas of the webhook that report.", "short", "0",
			[]query{{`count(probe_injector_build_info{` + ours + `})`, ""}},
		},
		{
			figure, "Missed Pods, 24 h", "Pods that the API server created without calling the webhook, in all installations.", "short", "0",
			[]query{{`sum(increase(apiserver_admission_webhook_fail_open_count{` + entries + `}[24h]))`, ""}},
		},
		{
			figure, "Certificate expires in", "From then on no API server calls the webhook.", "s", "unknown",
			[]query{{`min(probe_injector_certificate_not_after_timestamp_seconds{` + ours + `}) - time()`, ""}},
		},
		{
			figure, "Policy in force for", "Time since the policy that is in force was read.", "s", "unknown",
			[]query{{`time() - min(probe_injector_policy_last_reload_success_timestamp_seconds{` + ours + `})`, ""}},
		},
		{
			figure, "Replicas with a rejected policy", "Their policy file is wrong, and an earlier policy is in force.", "short", "0",
			[]query{{`count(probe_injector_policy_last_reload_successful{` + ours + `} == 0)`, ""}},
		},
		{
			figure, "Webhook entries", "Entries for Pods that call this release; 0 after somebody deleted the configuration.", "short", "unknown",
			[]query{{`max(probe_injector_webhook_entries{` + ours + `})`, ""}},
		},
	}
}

func reviews() []panel {
	return []panel{
		{
			graph, "Reviews", "Admission reviews in a second, by route and result.", "reqps", "",
			[]query{{`sum by (route, result) (rate(probe_injector_reviews_total{` + ours + `}[$__rate_interval]))`, "{{route}} {{result}}"}},
		},
		{
			graph, "Time to answer", "By the webhook's own clock, and by the API server's, with the network between them.", "s", "",
			[]query{
				{`histogram_quantile(0.5, sum by (le) (rate(probe_injector_review_seconds_bucket{` + ours + `}[$__rate_interval])))`, "webhook, median"},
				{`histogram_quantile(0.99, sum by (le) (rate(probe_injector_review_seconds_bucket{` + ours + `}[$__rate_interval])))`, "webhook, 99 %"},
				{`histogram_quantile(0.99, sum by (le) (rate(apiserver_admission_webhook_admission_duration_seconds_bucket{` + entries + `}[$__rate_interval])))`, "API server, 99 %"},
			},
		},
		{
			graph, "Missed, refused and failed", "Pods that the API server created or refused because it could not call the webhook, and reviews that the webhook failed to answer.", "short", "",
			[]query{
				{`sum(increase(apiserver_admission_webhook_fail_open_count{` + entries + `}[$__rate_interval]))`, "missed"},
				{`sum(increase(apiserver_admission_webhook_rejection_count{` + entries + `,error_type="calling_webhook_error"}[$__rate_interval]))`, "refused"},
				{`sum by (stage) (increase(probe_injector_errors_total{` + ours + `}[$__rate_interval]))`, "failed: {{stage}}"},
			},
		},
	}
}

func probes() []panel {
	return []panel{
		{
			graph, "Injected probes by source", "Where the handlers of injected probes come from.", "short", "",
			[]query{{`sum by (source) (increase(probe_injector_probes_injected_total{` + ours + `}[$__rate_interval]))`, "{{source}}"}},
		},
		{
			graph, "Injected probes by kind", "", "short", "",
			[]query{{`sum by (probe, handler) (increase(probe_injector_probes_injected_total{` + ours + `}[$__rate_interval]))`, "{{probe}} {{handler}}"}},
		},
		{
			graph, "Skips by reason", "Requested probes, containers and Pods that got nothing. docs/reasons.md explains each reason.", "short", "",
			[]query{{`sum by (reason) (increase(probe_injector_skips_total{` + ours + `}[$__rate_interval]))`, "{{reason}}"}},
		},
	}
}

func workloads() []panel {
	return []panel{
		{
			list, "Restarting", "Share of a workload's Pods that restarted within 15 minutes while their liveness or startup probe failed." + needsWorkloads, "percentunit", "none",
			[]query{{`probe_injector:workload_restarted_pods:ratio > 0`, ""}},
		},
		{
			list, "Never ready", "Share of a workload's Pods whose readiness probe fails and has never passed." + needsWorkloads, "percentunit", "none",
			[]query{{`probe_injector:workload_never_ready_pods:ratio > 0`, ""}},
		},
		{
			list, "Longest starts of 7 days", "From the start of a workload's Pod to its first Ready, for Pods without a restart. Compare them with startup-budget." + needsWorkloads, "s", "none",
			[]query{{longestStarts, ""}},
		},
	}
}

// longestStarts looks at each Pod's first Ready: kube-state-metrics has the last, so the earliest of seven days is taken.
const longestStarts = `topk(10, max by (namespace, workload_kind, workload) (
min_over_time((
  (max by (namespace, pod) (kube_pod_status_container_ready_time) - on (namespace, pod) max by (namespace, pod) (kube_pod_start_time))
  and on (namespace, pod) (sum by (namespace, pod) (kube_pod_container_status_restarts_total) == 0)
  and on (namespace, pod) kube_pod_labels{label_probe_injector_dev_injected="true"}
  )[7d:1h])
* on (namespace, pod) group_left (workload_kind, workload) (max by (namespace, pod, workload_kind, workload) (last_over_time(probe_injector:pod_workload[7d])))
))`
