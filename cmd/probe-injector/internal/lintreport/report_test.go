package lintreport_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/lintreport"
)

func reportOf(findings ...finding.Finding) *lintreport.Report {
	r := &lintreport.Report{
		APIVersion: lintreport.APIVersion, Kind: lintreport.Kind, Policy: "p", FailOn: "warning", Findings: []finding.Finding{},
		Workloads: []lintreport.Workload{}, Stale: []string{}, Unread: []string{},
	}
	for _, f := range findings {
		r.Findings = append(r.Findings, f)
		r.Workloads = append(r.Workloads, lintreport.Workload{Workload: f.Workload, Position: f.Position})
	}
	return r
}

func web(id string, line int, message string) finding.Finding {
	return finding.Finding{
		ID: id, Severity: finding.Error, Workload: finding.Workload{Kind: "Deployment", Namespace: "shop", Name: "web"}, Container: "app",
		Position: finding.Position{File: "k8s/web.yaml", Line: line, Column: 9}, Message: message,
	}
}

func TestGitHubsCommandsAreEscaped(t *testing.T) {
	f := web("PS010", 3, "100% of a,b: c\nd")
	f.Position.File = "a,b:c%/x.yaml"
	var text strings.Builder
	if err := reportOf(f).GitHub(&text); err != nil {
		t.Fatal(err)
	}
	want := "::error file=a%2Cb%3Ac%25/x.yaml,line=3,col=9,title=PS010::deployment/web (app): 100%25 of a,b: c%0Ad\n"
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFilesAreNamedFromTheCurrentFolder(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		filepath.Join(here, "k8s", "a.yaml"): "k8s/a.yaml", "./k8s//a.yaml": "k8s/a.yaml", "../a.yaml": "../a.yaml", "a b#c.yaml": "a%20b%23c.yaml",
	} {
		f := web("PS010", 1, "x")
		f.Position.File = file
		if got := sarifOf(t, reportOf(f)).Runs[0].Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI; got != want {
			t.Errorf("%s is %s, want %s", file, got, want)
		}
	}
}

// sarif is what tests look at.
type sarif struct {
	Schema string `json:"$schema"`
	Runs   []struct {
		Tool struct {
			Driver struct {
				Rules []struct{ ID, HelpURI string }
			}
		}
		Results []struct {
			RuleID              string
			RuleIndex           int
			Level               string
			Message             struct{ Text string }
			PartialFingerprints map[string]string
			Locations           []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI string }
					Region           struct{ StartLine, StartColumn int }
				}
			}
		}
		Properties map[string]any
	}
}

func sarifOf(t *testing.T, r *lintreport.Report) sarif {
	t.Helper()
	var text strings.Builder
	if err := r.SARIF(&text); err != nil {
		t.Fatal(err)
	}
	var log sarif
	if err := json.Unmarshal([]byte(text.String()), &log); err != nil {
		t.Fatal(err)
	}
	return log
}

func TestSARIFOfNothingHasAnEmptyList(t *testing.T) {
	var text strings.Builder
	if err := reportOf().SARIF(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"results": []`, `"rules": []`, `"executionSuccessful": true`} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in\n%s", want, text.String())
		}
	}
}

func TestSARIFHasTheWorstFirstAndNoMoreThanAreShown(t *testing.T) {
	var findings []finding.Finding
	for i := range lintreport.MaxResults + 10 {
		f := web("PS032", i+1, "x")
		f.Severity = finding.Note
		findings = append(findings, f)
	}
	findings = append(findings, web("PS011", 1, "x"))
	run := sarifOf(t, reportOf(findings...)).Runs[0]
	if len(run.Results) != lintreport.MaxResults || run.Results[0].RuleID != "PS011" || run.Results[0].Level != "error" || run.Properties["omitted"] != 11.0 {
		t.Errorf("%d results, the first is %+v, %v", len(run.Results), run.Results[0], run.Properties)
	}
	for _, r := range run.Results {
		if rule := run.Tool.Driver.Rules[r.RuleIndex]; rule.ID != r.RuleID || rule.HelpURI != "https://github.com/probe-injector/probe-injector/blob/main/docs/rules.md#"+r.RuleID {
			t.Fatalf("the rule of %+v is %+v", r, rule)
		}
	}
}

func TestFingerprintsStayWhenLinesMove(t *testing.T) {
	prints := func(findings ...finding.Finding) []string {
		var all []string
		for _, r := range sarifOf(t, reportOf(findings...)).Runs[0].Results {
			all = append(all, r.PartialFingerprints["probeInjector/v1"])
		}
		return all
	}
	before := prints(web("PS010", 3, "x"), web("PS011", 3, "x"))
	after := prints(web("PS010", 30, "y"), web("PS011", 31, "x"))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	other := web("PS010", 3, "x")
	other.Container = "log"
	seen := map[string]bool{}
	for _, each := range prints(web("PS010", 3, "x"), web("PS010", 4, "another of the same"), web("PS011", 3, "x"), other) {
		if seen[each] {
			t.Errorf("%s is not the only one", each)
		}
		seen[each] = true
	}
}

func TestWhatATemplateMadeIsToldOfTheTemplate(t *testing.T) {
	f := web("PS010", 30, "x")
	f.Position = finding.Position{File: "standard input", Line: 30, Column: 9, Template: "shop/templates/web.yaml"}
	result := sarifOf(t, reportOf(f)).Runs[0].Results[0]
	at := result.Locations[0].PhysicalLocation
	if at.ArtifactLocation.URI != "shop/templates/web.yaml" || at.Region.StartLine != 1 || result.Message.Text != "deployment/web (app): x (standard input:30:9)" {
		t.Errorf("%+v", result)
	}
}

func TestListsAreNeverNull(t *testing.T) {
	var text strings.Builder
	if err := reportOf().JSON(&text); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "null") || !strings.Contains(text.String(), `"findings": []`) || !strings.Contains(text.String(), `"kind": "LintReport"`) {
		t.Error(text.String())
	}
}

func TestTestsFailFromTheThresholdOn(t *testing.T) {
	note := web("PS032", 5, "worth knowing")
	note.Severity = finding.Note
	r := reportOf(web("PS010", 3, "x"), note)
	r.Workloads = append(r.Workloads, lintreport.Workload{Workload: finding.Workload{Kind: "Job", Namespace: "shop", Name: "once"}})
	r.Unread = []string{"bad.yaml:3: this is no YAML"}
	var text strings.Builder
	if err := r.JUnit(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`tests="4" failures="2"`,
		`<failure message="deployment/web (app): x" type="PS010">k8s/web.yaml:3:9: error: deployment/web (app): x</failure>`,
		`<system-out>k8s/web.yaml:5:9: note: deployment/web (app): worth knowing</system-out>`,
		`<testcase classname="shop/job/once" name="probes">`,
		`<failure message="bad.yaml:3: this is no YAML" type="unread">`,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in\n%s", want, text.String())
		}
	}
}

func TestTheSumCounts(t *testing.T) {
	for want, r := range map[string]*lintreport.Report{
		"no findings in 0 workloads\npolicy: p\n": reportOf(),
		"2 findings in 1 of 2 workloads\n":        reportOf(web("PS010", 3, "x"), web("PS011", 3, "x")),
		"; 3 accepted; not all could be read\n":   {Accepted: 3, Unread: []string{"x"}},
	} {
		var text strings.Builder
		if err := r.Text(&text, false); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	if got := fmt.Sprint(web("PS010", 3, "x").Position); got != "k8s/web.yaml:3:9" {
		t.Error(got)
	}
}
