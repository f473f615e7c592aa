package alerts

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/chart"
)

// workloads are the values with which the chart renders everything that it has.
const workloads = "injectedLabel: true"

// rendered are the groups of rules that the chart renders, as an operator of Prometheus writes them into a file.
func rendered(t *testing.T, values string) []byte {
	t.Helper()
	rule := "metrics: {prometheusRule: {enabled: true}}"
	if values == workloads {
		rule = "metrics: {prometheusRule: {enabled: true, workloads: true}}"
	}
	release, err := chart.Render(chart.Options{Namespace: "probes", Values: values + "\n" + rule + "\n"})
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := release.Only("PrometheusRule", &object); err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rulesOf are the rules that the chart renders, as Prometheus reads them.
func rulesOf(t *testing.T, values string) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.Parse(rendered(t, values), false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if len(errs) > 0 {
		t.Fatalf("Prometheus does not accept the rules: %v", errs)
	}
	want := 1
	if values == workloads {
		want = 2
	}
	if len(groups.Groups) != want {
		t.Fatalf("there are %d groups, want %d", len(groups.Groups), want)
	}
	var all []rulefmt.Rule
	for _, group := range groups.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

// fires has Prometheus' own rule manager evaluate the group of an alert every minute until then.
func fires(t *testing.T, values, alert string, series []string, after time.Duration) bool {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, rendered(t, values), 0o600); err != nil {
		t.Fatal(err)
	}
	storage := promqltest.LoadedStorage(t, "load 1m\n  "+strings.Join(series, "\n  ")+"\n")
	engine := promqltest.NewTestEngineWithOpts(t, promql.EngineOpts{
		MaxSamples: 1e6, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{}),
	})
	manager := rules.NewManager(&rules.ManagerOptions{
		Context: t.Context(), QueryFunc: rules.EngineQueryFunc(engine, storage), AppendableV2: storage, Queryable: storage,
		Logger:     slog.New(slog.DiscardHandler),
		NotifyFunc: func(_ context.Context, _ string, _ ...*rules.Alert) {},
	})
	groups, errs := manager.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, file)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for _, group := range groups {
		for _, rule := range group.AlertingRules() {
			if rule.Name() == alert {
				return evaluated(t, group, rule, after)
			}
		}
	}
	t.Fatalf("there is no alert %s", alert)
	return false
}

// evaluated reports whether an alert fires after a group was evaluated every minute.
func evaluated(t *testing.T, group *rules.Group, alert *rules.AlertingRule, after time.Duration) bool {
	t.Helper()
	for now := time.Duration(0); now <= after; now += time.Minute {
		group.Eval(t.Context(), time.Unix(0, 0).Add(now))
		for _, rule := range group.Rules() {
			if err := rule.LastError(); err != nil {
				t.Fatalf("%s after %s: %v", rule.Name(), now, err)
			}
		}
	}
	return alert.State() == rules.StateFiring
}
