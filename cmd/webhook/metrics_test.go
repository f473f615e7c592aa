package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// metricsFile is the table of our metrics for the documentation. It is made from what the process registers, so that
// there is no second list to keep.
const metricsFile = "testdata/metrics.md"

func TestTheTableOfMetricsIsUpToDate(t *testing.T) {
	got := metricsTable(t)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(metricsFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(metricsFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is registered; run UPDATE_GOLDEN=1 go test ./cmd/webhook\n%s", metricsFile, got)
	}
}

// metricsTable lists the metrics whose names begin with ours, as Markdown.
func metricsTable(t *testing.T) []byte {
	t.Helper()
	families := allFamilies(t)
	var b bytes.Buffer
	fmt.Fprintln(&b, "| Metric | Type | Labels | Meaning |")
	fmt.Fprintln(&b, "|---|---|---|---|")
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		if strings.HasPrefix(f.GetName(), "probe_injector_") {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), labels(f), f.GetHelp())
		}
	}
	return b.Bytes()
}

// allFamilies are the metrics of both kinds of certificates, by name.
func allFamilies(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	dir := t.TempDir()
	writeCertificate(t, dir)
	all := map[string]*dto.MetricFamily{}
	for _, args := range [][]string{
		{"--cert-dir", dir},
		{"--tls-secret=tls", "--namespace=probes", "--webhook-configurations=a", "--dns-names", serviceName, "--kubeconfig", writeKubeconfig(t)},
	} {
		o, err := parseOptions(args, os.Stdout)
		if err != nil {
			t.Fatal(err)
		}
		p, err := newProcess(o, newLogger(&logBuffer{}, o.logFormat, o.logLevel))
		if err != nil {
			t.Fatal(err)
		}
		families, err := p.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			all[f.GetName()] = f
		}
	}
	return all
}

// labels lists a metric's labels, each with its values where these are few and do not change with the build.
func labels(f *dto.MetricFamily) string {
	values := map[string][]string{}
	var names []string
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if !slices.Contains(names, l.GetName()) {
				names = append(names, l.GetName())
			}
			if !slices.Contains(values[l.GetName()], l.GetValue()) {
				values[l.GetName()] = append(values[l.GetName()], l.GetValue())
			}
		}
	}
	const few = 12
	for i, name := range names {
		names[i] = "`" + name + "`"
		if v := values[name]; f.GetName() != "probe_injector_build_info" && len(v) <= few {
			names[i] += ": " + strings.Join(v, ", ")
		}
	}
	return strings.Join(names, "; ")
}

func TestEveryMetricIsOursOrKnown(t *testing.T) {
	r := start(t)
	_, body := r.get(r.scrape)
	for line := range strings.Lines(body) {
		name, ok := strings.CutPrefix(line, "# TYPE ")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		known := false
		for _, prefix := range []string{"probe_injector_", "go_", "process_", "controller_runtime_webhook_", "certwatcher_", "rest_client_"} {
			known = known || strings.HasPrefix(name, prefix)
		}
		if !known {
			t.Errorf("nobody expects the metric %s", name)
		}
	}
}

func TestAFloodOfConnectionErrorsIsLoggedOnce(t *testing.T) {
	r := start(t)
	for range 50 {
		if status, _ := r.get("http" + strings.TrimPrefix(r.review, "https")); status != 400 {
			t.Fatalf("plain HTTP is answered with %d", status)
		}
	}
	r.eventually("a failed handshake is logged", func() bool { return strings.Contains(r.log.String(), "TLS handshake error") })
	time.Sleep(50 * time.Millisecond)
	if n := strings.Count(r.log.String(), "TLS handshake error"); n > firstConnectionLines+5 {
		t.Errorf("%d lines for 50 failed handshakes", n)
	}
}
