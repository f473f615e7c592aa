package finding_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/policy/lint"
)

func TestAThresholdIsReachedFromItsSeverityOn(t *testing.T) {
	for threshold, want := range map[string]string{
		"none":    "",
		"note":    "error warning note",
		"warning": "error warning",
		"error":   "error",
	} {
		var at finding.Threshold
		if err := at.Set(threshold); err != nil {
			t.Fatal(err)
		}
		var reached []string
		for _, s := range []lint.Severity{lint.Error, lint.Warning, lint.Info} {
			if at.Reached(finding.Of(s)) {
				reached = append(reached, string(finding.Of(s)))
			}
		}
		if got := strings.Join(reached, " "); got != want {
			t.Errorf("%s is reached by %q, want %q", threshold, got, want)
		}
		if at.ReachedBy(nil) {
			t.Errorf("%s is reached by nothing", threshold)
		}
	}
	var at finding.Threshold
	if err := at.Set("info"); err == nil || !strings.Contains(err.Error(), "must be none, note, warning or error") {
		t.Errorf("error %v", err)
	}
}

func TestAFindingNamesItsWorkloadContainerAndProbe(t *testing.T) {
	f := finding.Finding{
		Workload: finding.Workload{Kind: "Deployment", Namespace: "shop", Name: "web"}, Container: "app", Probe: "livenessProbe",
		Message: "same check as readiness, not twice as patient; write failureThreshold 6",
	}
	if got, want := f.Sentence(), "deployment/web (app): livenessProbe: same check as readiness, not twice as patient; write failureThreshold 6"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := f.Workload.Path(); got != "shop/deployment/web" {
		t.Errorf("path %q", got)
	}
	if got := finding.RemedyIn(f.Message); got != "write failureThreshold 6" {
		t.Errorf("to write: %q", got)
	}
	for at, want := range map[finding.Position]string{{File: "a.yaml", Line: 3, Column: 7}: "a.yaml:3:7", {File: "a.yaml", Line: 3}: "a.yaml:3", {File: "a.yaml"}: "a.yaml"} {
		if at.String() != want {
			t.Errorf("position %q, want %q", at, want)
		}
	}
}

func TestFindingsAreSortedByPlaceAndThenTheWorstFirst(t *testing.T) {
	at := func(file string, line int, severity finding.Severity, id string) finding.Finding {
		return finding.Finding{ID: id, Severity: severity, Position: finding.Position{File: file, Line: line, Column: 1}}
	}
	all := []finding.Finding{at("b", 1, finding.Error, "1"), at("a", 10, finding.Note, "2"), at("a", 10, finding.Error, "4"), at("a", 10, finding.Error, "3"), at("a", 9, finding.Note, "5")}
	finding.Sort(all)
	var ids []string
	for _, f := range all {
		ids = append(ids, f.ID)
	}
	if diff := cmp.Diff([]string{"5", "3", "4", "2", "1"}, ids); diff != "" {
		t.Error(diff)
	}
}
