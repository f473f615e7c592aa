package main

// collecting stands above the table of metrics.
const collecting = `The server answers at ` + "`/metrics`" + `, on a port of its own that needs no certificate.
` + "`metrics.serviceMonitor.enabled` or `metrics.podMonitor.enabled`" + ` has the Prometheus Operator scrape it. No label holds
anything from a request, so the number of series is bounded; the values of ` + "`reason`" + ` are those of [reasons.md](reasons.md).
Without Prometheus, this prints the metrics of one replica:

` + "```console\n$ kubectl get --raw /api/v1/namespaces/probe-injector/services/probe-injector:metrics/proxy/metrics\n```"

type section struct{ title, text string }

// watching are the sections below the table: what the chart makes of the metrics.
func watching() []section {
	return []section{
		{"Alerts about the webhook", "`metrics.prometheusRule.enabled` installs them, and [runbooks.md](runbooks.md) says for each what stops the harm.\n" +
			"They find the release's series by `namespace` and `job`, as both monitors set them. If your labels differ, set\n" +
			"`metrics.prometheusRule.selector`.\n\n" +
			"Missed and refused Pods are counts of the API server, so its metrics must be scraped as well. All installations in a\n" +
			"cluster share these counts. A single request from a stranger fires no alert, and neither does switching the webhook off\n" +
			"for less than a day. `test/alerts` shows for each alert where it fires and where it stays quiet."},
		{"Alerts about workloads", "`metrics.prometheusRule.workloads` adds two: injected probes restart most Pods of a workload, or keep most of them from\n" +
			"ever becoming ready. They carry the workload's `namespace`, so that Alertmanager can route them to its owners.\n" +
			"They need three things, and stay silent without them:\n\n" +
			"| needed | how |\n|---|---|\n" +
			"| the label `probe-injector.dev/injected` on Pods | the chart value `injectedLabel: true`; Pods get it when they are created |\n" +
			"| that label in kube-state-metrics | `--metric-labels-allowlist=pods=[probe-injector.dev/injected]` |\n" +
			"| the kubelets' `/metrics/probes` | a scrape of that path; kube-prometheus-stack has it (`kubelet.serviceMonitor.probes`) |\n\n" +
			"Both scrapes must keep the labels `namespace` and `pod` of the series (`honorLabels: true`). Set the value in one release\n" +
			"of a cluster, because the rules record series about all of its Pods."},
		{"The dashboard", "`metrics.dashboard.enabled` writes it into a ConfigMap with the label `grafana_dashboard`, which Grafana's sidecar looks for.\n" +
			"It shows reviews, missed Pods, skips by reason, injected probes by source, times to answer, the certificate's remaining\n" +
			"time, the age of the policy, restarting and never-ready workloads, and the longest starts of seven days. Without the\n" +
			"sidecar, import `charts/probe-injector/dashboards/probe-injector.json`. The panels about workloads need\n" +
			"[what their alerts need](#alerts-about-workloads)."},
	}
}
