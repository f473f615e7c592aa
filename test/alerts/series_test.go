package alerts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/probe-injector/probe-injector/test/checkout"
)

// foreign are the series of others that alerts and dashboard ask for, with their labels, beside those that every scrape adds.
//
//	the API server's        k8s.io/apiserver/pkg/admission/metrics; test/integration counts them on a real one
//	the kubelet's           k8s.io/kubernetes/pkg/kubelet/prober; test/prober counts it with the kubelet's own code
//	kube-state-metrics'     docs/metrics/workload/{pod,replicaset}-metrics.md of github.com/kubernetes/kube-state-metrics
//	Prometheus' own         up
func foreign() map[string][]string {
	pod := []string{"namespace", "pod", "uid"}
	container := append(slices.Clone(pod), "container")
	return map[string][]string{
		"up": {},
		"apiserver_admission_webhook_fail_open_count":            {"name", "type"},
		"apiserver_admission_webhook_rejection_count":            {"name", "type", "operation", "error_type", "rejection_code"},
		"apiserver_admission_webhook_admission_duration_seconds": {"name", "type", "operation", "rejected"},
		"prober_probe_total":                                     {"probe_type", "result", "container", "pod", "namespace", "pod_uid"},
		"kube_pod_owner":                                         append(slices.Clone(pod), "owner_kind", "owner_name", "owner_is_controller"),
		"kube_replicaset_owner":                                  {"namespace", "replicaset", "owner_kind", "owner_name", "owner_is_controller"},
		"kube_pod_labels":                                        append(slices.Clone(pod), "label_probe_injector_dev_injected"),
		"kube_pod_start_time":                                    pod,
		"kube_pod_status_container_ready_time":                   pod,
		"kube_pod_container_status_restarts_total":               container,
		"kube_pod_init_container_status_restarts_total":          container,
		"kube_pod_container_status_last_terminated_exitcode":     container,
		"kube_pod_container_status_last_terminated_reason":       append(slices.Clone(container), "reason"),
	}
}

// ofScrapes are the labels that Prometheus adds to what it scrapes.
func ofScrapes() []string { return []string{"job", "instance", "namespace", "pod"} }

// TestEverySeriesExists holds alerts and dashboard against the metrics of docs/metrics.md, which is generated from the code
// and held against a real server, the recorded series, and the list of those of others.
func TestEverySeriesExists(t *testing.T) {
	known := foreign()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, "|"); len(cells) > 3 && strings.HasPrefix(line, "| `probe_injector_") {
			known[strings.Trim(cells[1], " `")] = strings.Split(strings.NewReplacer("`", "", " ", "", "–", "").Replace(cells[3]), ",")
		}
	}
	asked := map[string]string{}
	for _, values := range []string{workloads, "tls: {mode: cert-manager}"} {
		for _, rule := range rulesOf(t, values) {
			if rule.Record != "" {
				known[rule.Record] = []string{"namespace", "pod", "workload_kind", "workload"}
			}
			asked["rule "+rule.Alert+rule.Record+" with "+values] = rule.Expr
		}
	}
	for title, expr := range boardQueries(t, root) {
		asked["panel "+title] = expr
	}
	used := map[string]bool{}
	for where, expr := range asked {
		for _, name := range unknown(t, expr, known, used) {
			t.Errorf("%s asks for %s, which nobody exposes", where, name)
		}
	}
	for name := range foreign() {
		if !used[name] {
			t.Errorf("nothing asks for %s any more", name)
		}
	}
}

// unknown lists the series and labels of an expression that nobody exposes.
func unknown(t *testing.T, expr string, known map[string][]string, used map[string]bool) (all []string) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	selectors := 0
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		selector, is := node.(*parser.VectorSelector)
		if !is {
			return nil
		}
		selectors++
		name := strings.TrimSuffix(selector.Name, "_bucket")
		used[name] = true
		members, exists := known[name]
		if !exists {
			all = append(all, name)
		}
		for _, matcher := range selector.LabelMatchers {
			if matcher.Name != model.MetricNameLabel && !slices.Contains(members, matcher.Name) && !slices.Contains(ofScrapes(), matcher.Name) {
				all = append(all, name+"{"+matcher.Name+"}")
			}
		}
		return nil
	})
	if selectors == 0 {
		all = append(all, "nothing")
	}
	return all
}

// boardQueries are the queries of the dashboard, with a range in place of the one that Grafana fills in.
func boardQueries(t *testing.T, root string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "charts", "probe-injector", "dashboards", "probe-injector.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				RefID string `json:"refId"`
				Expr  string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(content, &board); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			all[panel.Title+" "+target.RefID] = strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
		}
	}
	if len(all) < 14 {
		t.Fatalf("the dashboard has %d queries", len(all))
	}
	return all
}
