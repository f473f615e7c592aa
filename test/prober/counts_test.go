package prober_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/synctest"

	dto "github.com/prometheus/client_model/go"
	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/kubernetes/pkg/kubelet/prober"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/test/prober/node"
)

// asked finds what the chart's alerts ask of the kubelet's counter, and matcher each label with its value.
var (
	asked   = regexp.MustCompile(`prober_probe_total\{([^}]*)\}`)
	matcher = regexp.MustCompile(`(\w+)="?(%q|[^",]*)"?`)
)

// TestTheKubeletCountsWhatTheAlertsAskFor compares the labels in the chart's alerts with those that the kubelet's own code
// counts by, for a process whose probes pass, and fail when it hangs.
func TestTheKubeletCountsWhatTheAlertsAskFor(t *testing.T) {
	counted := countedByTheKubelet(t)
	for _, label := range []string{"namespace", "pod", "container"} {
		if counted[label] == nil {
			t.Errorf("the kubelet counts without %s, by which alerts group", label)
		}
	}
	rules, err := os.ReadFile(filepath.Join("..", "..", "charts", "probe-injector", "templates", "_workload-rules.tpl"))
	if err != nil {
		t.Fatal(err)
	}
	selectors := asked.FindAllStringSubmatch(string(rules), -1)
	if len(selectors) < 3 {
		t.Fatalf("%d selectors found", len(selectors))
	}
	for _, selector := range selectors {
		for _, pair := range matcher.FindAllStringSubmatch(selector[1], -1) {
			if values := counted[pair[1]]; pair[2] != "%q" && !values[pair[2]] || values == nil {
				t.Errorf("%s: the kubelet counts %s by %v", selector[0], pair[1], values)
			}
		}
	}
	for _, probe := range regexp.MustCompile(`failedProbes" "(\w+)"`).FindAllStringSubmatch(string(rules), -1) {
		if !counted["probe_type"][probe[1]] {
			t.Errorf("the kubelet counts no probe_type %s: %v", probe[1], counted["probe_type"])
		}
	}
}

// countedByTheKubelet plays a process that starts, answers and answers no more, and lists the labels of the kubelet's counter
// with their values.
func countedByTheKubelet(t *testing.T) map[string]map[string]bool {
	t.Helper()
	legacyregistry.MustRegister(prober.ProberResults)
	explained, err := explainOnce()
	if err != nil {
		t.Fatal(err)
	}
	e := emit(t, explained[timing.StyleStartupProbe], timing.Classes()[0], timing.StyleStartupProbe)
	counted := map[string]map[string]bool{}
	synctest.Test(t, func(t *testing.T) {
		n := node.Start()
		defer n.Stop()
		p, err := n.Admit(e.pod)
		if err != nil {
			t.Fatal(err)
		}
		starts, ends := seconds(e.promise(e.guard()).KillNotBefore)/2, seconds(e.promise(e.guard()).KillNotBefore)
		life := node.Silent(starts, node.Refuses).Then(ends, node.Refuses)
		p.Run(one(node.Process{Life: life}), ends+seconds(e.promise(probe.Liveness).Tolerance))
		families, err := legacyregistry.DefaultGatherer.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			if family.GetName() == "prober_probe_total" {
				note(counted, family)
			}
		}
	})
	return counted
}

// note adds the labels of a family's series.
func note(counted map[string]map[string]bool, family *dto.MetricFamily) {
	for _, series := range family.GetMetric() {
		for _, label := range series.GetLabel() {
			if counted[label.GetName()] == nil {
				counted[label.GetName()] = map[string]bool{}
			}
			counted[label.GetName()][label.GetValue()] = true
		}
	}
}
