package lintreport

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// The parts of SARIF 2.1.0 that are written (https://docs.oasis-open.org/sarif/sarif/v2.1.0/).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Language    string            `json:"language"`
		Newlines    []string          `json:"newlineSequences"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
		Properties  map[string]any    `json:"properties"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Language       string      `json:"language"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string        `json:"id"`
		ShortDescription sarifText     `json:"shortDescription"`
		FullDescription  sarifText     `json:"fullDescription"`
		HelpURI          string        `json:"helpUri"`
		Configuration    sarifSeverity `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifSeverity struct {
		Level string `json:"level"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI    string `json:"uri"`
		BaseID string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
)

const (
	sarifSchema  = "https://json.schemastore.org/sarif-2.1.0.json"
	sarifVersion = "2.1.0"
	// language is that of the messages. It and the kinds of line ends are the standard's defaults, written for readers that do not know
	// them.
	language = "en-US"
	// columnKind is how the positions count columns.
	columnKind = "unicodeCodePoints"
	// MaxResults is how many results GitHub shows of one run
	// (https://docs.github.com/code-security/reference/code-scanning/sarif-files/sarif-support).
	MaxResults = 5000

	home    = "https://github.com/probe-injector/probe-injector"
	pages   = home + "/blob/main/docs/"
	ruleDoc = pages + "rules.md#"
	wordDoc = pages + "reasons.md#"
	lintDoc = pages + "lint.md#what-is-found"
)

// SARIF writes the findings for code scanning: the worst first, and no more than are shown.
func (r *Report) SARIF(to io.Writer) error {
	worst := slices.Clone(r.Findings)
	slices.SortStableFunc(worst, func(a, b finding.Finding) int { return cmp.Compare(a.Severity.Rank(), b.Severity.Rank()) })
	worst = worst[:min(len(worst), MaxResults)]
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "probe-injector", Version: r.Version, InformationURI: home, Language: language, Rules: sarifRules(worst)}},
		Invocations: []sarifInvocation{{Successful: len(r.Unread) == 0}},
		Language:    language,
		Newlines:    []string{"\r\n", "\n"},
		ColumnKind:  columnKind,
		Results:     []sarifResult{},
		Properties:  map[string]any{"policy": r.Policy, "workloads": len(r.Workloads), "accepted": r.Accepted, "omitted": len(r.Findings) - len(worst)},
	}
	for _, message := range r.Unread {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{"error", sarifText{message}})
	}
	seen := map[string]int{}
	for i := range worst {
		run.Results = append(run.Results, sarifResultOf(&worst[i], run.Tool.Driver.Rules, seen))
	}
	return output.JSON(to, sarifLog{sarifSchema, sarifVersion, []sarifRun{run}})
}

func sarifResultOf(f *finding.Finding, rules []sarifRule, seen map[string]int) sarifResult {
	name := f.Workload.Path()
	if f.Container != "" {
		name += "/" + f.Container
	}
	file, region := f.Position.File, sarifRegion{max(1, f.Position.Line), f.Position.Column}
	message := f.Sentence()
	if f.Position.Template != "" {
		// What is linted is what the template was made into: the file is the template, in which the line is not known.
		message += fmt.Sprintf(" (%s)", f.Position)
		file, region = f.Position.Template, sarifRegion{StartLine: 1}
	}
	return sarifResult{
		RuleID: f.ID, RuleIndex: slices.IndexFunc(rules, func(rule sarifRule) bool { return rule.ID == f.ID }),
		Level: string(f.Severity), Message: sarifText{message},
		Locations: []sarifLocation{{
			Physical: sarifPhysical{sarifArtifact{(&url.URL{Path: relative(file)}).EscapedPath(), "%SRCROOT%"}, region},
			Logical:  []sarifLogical{{name, "resource"}},
		}},
		Fingerprints: map[string]string{"probeInjector/v1": fingerprint(f.ID, name, seen)},
	}
}

// fingerprint tells a finding from others wherever its line moves. Those with the same words are numbered.
func fingerprint(id, name string, seen map[string]int) string {
	sum := sha256.Sum256([]byte(id + "\x00" + name))
	text := hex.EncodeToString(sum[:16])
	seen[text]++
	return fmt.Sprintf("%s:%d", text, seen[text])
}

// sarifRules describes the rules of the findings, in the order of their ids.
func sarifRules(findings []finding.Finding) []sarifRule {
	rules := []sarifRule{}
	for i := range findings {
		f := &findings[i]
		if !slices.ContainsFunc(rules, func(rule sarifRule) bool { return rule.ID == f.ID }) {
			rules = append(rules, sarifRuleOf(f))
		}
	}
	slices.SortFunc(rules, func(a, b sarifRule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

func sarifRuleOf(f *finding.Finding) sarifRule {
	rule := sarifRule{ID: f.ID, HelpURI: wordDoc + f.ID, Configuration: sarifSeverity{string(f.Severity)}}
	if description, ok := reason.Describe(reason.Reason(f.ID)); ok {
		rule.ShortDescription.Text = strings.ReplaceAll(description.FactAbout("…"), "  ", " ")
	}
	all := lint.Rules()
	if i := slices.IndexFunc(all, func(each lint.Rule) bool { return string(each.ID) == f.ID }); i >= 0 {
		rule.HelpURI = ruleDoc + f.ID
		rule.ShortDescription.Text, rule.FullDescription.Text = all[i].Summary, all[i].Rationale
		rule.Configuration.Level = string(finding.Of(all[i].Severity))
	}
	if rule.ShortDescription.Text == "" {
		rule.HelpURI = lintDoc
		rule.ShortDescription.Text = "a key of probe-injector stands where nothing reads it"
	}
	if rule.FullDescription.Text == "" {
		rule.FullDescription = rule.ShortDescription
	}
	return rule
}
