package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sources are what pages are read from, beside what is compiled in.
const sources = "../.."

// copied is a root with the sources, and without pages.
func copied(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "docs"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, folder := range append(metricFolders(), filepath.Dir(precedenceSource), "docs/generate") {
		if err := os.CopyFS(filepath.Join(root, folder), os.DirFS(filepath.Join(sources, folder))); err != nil {
			t.Fatal(err)
		}
	}
	for _, pattern := range supportSources() {
		files, err := filepath.Glob(filepath.Join(sources, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no file, %v", pattern, err)
		}
		for _, file := range files {
			copyFile(t, file, filepath.Join(root, strings.TrimPrefix(file, sources)))
		}
	}
	return root
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCheckNamesWhatIsOutOfDate(t *testing.T) {
	root := copied(t)
	if err := run([]string{"-root", root}, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-root", root, "-check"}, io.Discard); err != nil {
		t.Errorf("after generating: %v", err)
	}
	stale := filepath.Join(root, "docs", "reasons.md")
	if err := os.WriteFile(stale, []byte("changed by hand"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run([]string{"-root", root, "-check"}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "out of date: docs/reasons.md;") {
		t.Errorf("after a change by hand: %v", err)
	}
	if content, _ := os.ReadFile(stale); string(content) != "changed by hand" {
		t.Error("-check wrote the page")
	}
}

func TestEachPageSaysThatItIsGenerated(t *testing.T) {
	for _, p := range pages() {
		content, err := p.make(sources)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(p.name, ".md") && (!strings.HasPrefix(content, "# ") || !strings.Contains(content, "*Generated from ")) {
			t.Errorf("%s begins with %.100q", p.name, content)
		}
	}
}

func TestTruthTable(t *testing.T) {
	header, rows, err := truthTable("\t#  first | sec-  |\n\t   thing | ond   | out\n\t1  a | b | c\n\t   d |   | e\n\t10 f | g | h\n")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"#", "first thing", "second", "out"}, {"1", "a d", "b", "c e"}, {"10", "f", "g", "h"}}
	if diff := cmp.Diff(want, append([][]string{header}, rows...)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	for name, broken := range map[string]string{
		"a row with fewer columns":  "# a | b\n1 c\n",
		"a line with fewer columns": "# a | b\n1 c | d\n  e\n",
		"no rows":                   "# a | b\n",
	} {
		if _, _, err := truthTable(broken); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMetricsAreFound(t *testing.T) {
	all, err := findMetrics(sources)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]metric{}
	for _, m := range all {
		if m.help == "" || m.kind == "" {
			t.Errorf("%s lacks kind or help", m.name)
		}
		seen[m.name] = m
	}
	want := metric{
		name: "probe_injector_skips_total", kind: "counter", labels: []string{"reason"},
		help: seen["probe_injector_skips_total"].help,
	}
	if diff := cmp.Diff(want, seen[want.name], cmp.AllowUnexported(metric{})); diff != "" {
		t.Errorf("a metric that is there (-want +got):\n%s", diff)
	}
}

func TestDurationsAreWrittenAsPeopleWriteThem(t *testing.T) {
	for seconds, want := range map[int32]string{30: "30s", 60: "1m", 90: "1m30s", 3600: "1h", 5400: "1h30m", 86400: "24h", 3605: "1h0m5s"} {
		if got := duration(seconds); got != want {
			t.Errorf("%d seconds are %q, want %q", seconds, got, want)
		}
	}
}

func TestTheSupportMatrixFollowsThePins(t *testing.T) {
	root := copied(t)
	before, err := supportPage(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, file, old, new, want string }{
		{"another patch of Kubernetes", "test/binaries/kubernetes-1.30/go.mod", "k8s.io/kubernetes v1.30.", "k8s.io/kubernetes v1.30.9", "| 1.30.9"},
		{"another Helm", helm4Pin, "helm.sh/helm/v4 v4.", "helm.sh/helm/v4 v4.9", " and 4.9"},
		{"another cert-manager", certManagerPin, "cert-manager/cert-manager v1.", "cert-manager/cert-manager v1.9", "| 1.9"},
		{"another oldest Kubernetes", chartMetadata, ">=1.30.0-0", ">=1.31.0-0", "| Kubernetes | 1.31 and later"},
	} {
		t.Run(row.name, func(t *testing.T) {
			root := copied(t)
			file := filepath.Join(root, filepath.FromSlash(row.file))
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(content), row.old, row.new)), 0o600); err != nil {
				t.Fatal(err)
			}
			page, err := supportPage(root)
			if err != nil || !strings.Contains(page, row.want) || strings.Contains(before, row.want) {
				t.Errorf("no %q, or there before: %v", row.want, err)
			}
		})
	}
	t.Run("a version for nodes that is not pinned", func(t *testing.T) {
		root := copied(t)
		if err := os.RemoveAll(filepath.Join(root, "test", "binaries", "kubernetes-1.36")); err != nil {
			t.Fatal(err)
		}
		if _, err := supportPage(root); err == nil {
			t.Error("no error")
		}
	})
}

func TestEveryPageStandsInTheIndexOnce(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "docs"), 0o750); err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, "docs", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("tls.md", "# Certificates\n\nFor whoever has to choose one of the three modes. And more.\n")
	index, err := indexPage(root)
	if err != nil || !strings.Contains(index, "| [Certificates](tls.md) | For whoever has to choose one of the three modes. |") {
		t.Errorf("%v\n%s", err, index)
	}
	write("stray.md", "# Stray\n\nFor nobody.\n")
	if _, err := indexPage(root); err == nil || !strings.Contains(err.Error(), "on no shelf of docs/generate/index.go, or on two: stray") {
		t.Errorf("a page that is on no shelf: %v", err)
	}
	if err := os.Remove(filepath.Join(root, "docs", "stray.md")); err != nil {
		t.Fatal(err)
	}
	write("tls.md", "# Certificates\n\n| a | b |\n|---|---|\n")
	if _, err := indexPage(root); err == nil || !strings.Contains(err.Error(), "does not say what it is for") {
		t.Errorf("a page without a purpose: %v", err)
	}
	names := map[string]bool{}
	for _, s := range shelves() {
		for _, page := range s.pages {
			if names[page] {
				t.Errorf("%s stands on two shelves", page)
			}
			names[page] = true
		}
	}
}
