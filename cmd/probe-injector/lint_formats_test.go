package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/lintreport"
)

// told is one finding, as each format tells it.
type told struct {
	file         string
	line, column int
	id, message  string
}

// readFormat takes the findings out of a report.
func readFormat(t *testing.T, format, text string) []told {
	t.Helper()
	var all []told
	switch format {
	case outputJSON:
		var report lintreport.Report
		if err := json.Unmarshal([]byte(text), &report); err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Findings {
			all = append(all, told{f.Position.File, f.Position.Line, f.Position.Column, f.ID, f.Sentence()})
		}
	case outputSARIF:
		all = readSARIF(t, text)
	case outputJUnit:
		all = readJUnit(t, text)
	case outputGitHub:
		for _, found := range regexp.MustCompile(`(?m)^::(?:error|warning|notice) file=(.*),line=(\d+),col=(\d+),title=(.*?)::(.*)$`).FindAllStringSubmatch(text, -1) {
			all = append(all, newTold(t, found[1], found[2], found[3], found[4], strings.ReplaceAll(found[5], "%25", "%")))
		}
		if lines := strings.Count(text, "\n"); lines != len(all) {
			t.Errorf("%d lines have %d commands:\n%s", lines, len(all), text)
		}
	default:
		for _, found := range regexp.MustCompile(`(?m)^(.*?):(\d+):(\d+): (?:error|warning|note): (.*) \[(.*)\]$`).FindAllStringSubmatch(text, -1) {
			all = append(all, newTold(t, found[1], found[2], found[3], found[5], found[4]))
		}
	}
	return all
}

func newTold(t *testing.T, file, line, column, id, message string) told {
	t.Helper()
	f := told{file: file, id: id, message: message}
	if _, err := fmt.Sscan(line+" "+column, &f.line, &f.column); err != nil {
		t.Fatal(err)
	}
	return f
}

func readSARIF(t *testing.T, text string) []told {
	t.Helper()
	var log struct {
		Runs []struct {
			Results []struct {
				RuleID    string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	var all []told
	for _, r := range log.Runs[0].Results {
		at := r.Locations[0].PhysicalLocation
		all = append(all, told{at.ArtifactLocation.URI, at.Region.StartLine, at.Region.StartColumn, r.RuleID, r.Message.Text})
	}
	return all
}

func readJUnit(t *testing.T, text string) []told {
	t.Helper()
	var suites struct {
		Cases []struct {
			Failures []struct {
				Message string `xml:"message,attr"`
				Type    string `xml:"type,attr"`
				Text    string `xml:",chardata"`
			} `xml:"failure"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal([]byte(text), &suites); err != nil {
		t.Fatal(err)
	}
	var all []told
	for _, c := range suites.Cases {
		for _, f := range c.Failures {
			if at := regexp.MustCompile(`^(.*?):(\d+):(\d+): `).FindStringSubmatch(f.Text); at != nil {
				all = append(all, newTold(t, at[1], at[2], at[3], f.Type, f.Message))
			}
		}
	}
	return all
}

// Whatever the format, the findings, their words and the code are the same, in one run as in several.
func TestEveryFormatTellsTheSame(t *testing.T) {
	t.Chdir(caseFolder)
	for _, name := range []string{"wrong-annotation/input.yaml", "keys-out-of-place/input.yaml", "existing-probes/input.yaml", "good-deployment/input.yaml", "several-documents/input.yaml"} {
		for _, failOn := range []string{"none", "error", "warning", "note"} {
			var want []told
			var wantCode exit.Code
			folder := t.TempDir()
			files := []string{"-f", name, "--fail-on", failOn, "--notes"}
			for _, format := range lintFormats {
				code, out, problems := lintCase("", "-f", name, "-o", format, "--fail-on", failOn, "--notes")
				files = append(files, "-o", format+"="+filepath.Join(folder, format))
				got := readFormat(t, format, out)
				slices.SortFunc(got, compareTold)
				if format == outputText {
					want, wantCode = got, code
				}
				if format == outputJUnit {
					// A finding that is no failure is no failed test.
					if (len(got) > 0) != (code == exit.Found) {
						t.Errorf("%s --fail-on %s: %d tests fail, code %d", name, failOn, len(got), code)
					}
					continue
				}
				if diff := cmp.Diff(want, got, cmp.AllowUnexported(told{})); diff != "" || code != wantCode {
					t.Errorf("%s as %s: code %d, want %d; -text +%s:\n%s%s", name, format, code, wantCode, format, diff, problems)
				}
			}
			if code, out, _ := lintCase("", files...); code != wantCode || out != "" {
				t.Errorf("%s to files: code %d, want %d, stdout %q", name, code, wantCode, out)
			}
			for _, format := range lintFormats {
				text, err := os.ReadFile(filepath.Join(folder, format))
				_, out, _ := lintCase("", "-f", name, "-o", format, "--fail-on", failOn, "--notes")
				if err != nil || string(text) != out {
					t.Errorf("%s: the file differs from the standard output, error %v", format, err)
				}
			}
		}
	}
}

func compareTold(a, b told) int {
	return strings.Compare(fmt.Sprintf("%s %5d %5d %s %s", a.file, a.line, a.column, a.id, a.message), fmt.Sprintf("%s %5d %5d %s %s", b.file, b.line, b.column, b.id, b.message))
}
