package integration

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// buildCLI builds the CLI and returns its path.
func buildCLI(t *testing.T) string {
	t.Helper()
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "probe-injector")
	if err := gobuild.Build(t.Context(), gobuild.Target{Dir: root, Package: "./cmd/probe-injector", Output: path}); err != nil {
		t.Fatal(err)
	}
	return path
}

// found is one finding of "probe-injector lint -o json".
type found struct {
	ID, Severity, Container, Probe, Message string
}

// lint gives the errors and warnings about a manifest.
func lint(t *testing.T, cli string, manifest []byte) []found {
	t.Helper()
	command := exec.CommandContext(t.Context(), cli, "lint", "-o", "json", "--fail-on", "none", "-f", "-")
	command.Stdin = bytes.NewReader(manifest)
	text, err := command.Output()
	if err != nil {
		t.Fatalf("lint: %v: %s", err, text)
	}
	var report struct{ Findings []found }
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	return report.Findings
}

// said is a warning without what stands around its words: the container, the probe, and the rule.
var said = regexp.MustCompile(`^(?:(?:startup|liveness|readiness): )?(.*?)(?: \((PS\d{3})\))?$`)

// expectFound demands that lint finds what the API server warns of when the Pod is created, in the same words. What a warning
// has no room for is "...".
func expectFound(t *testing.T, cli string, manifest []byte, warnings []string) {
	t.Helper()
	findings := lint(t, cli, manifest)
	for _, warning := range warnings {
		// The API server's own begin with the path of a field.
		if strings.HasPrefix(warning, "spec.") || regexp.MustCompile(`^and \d+ more: `).MatchString(warning) {
			continue
		}
		says := func(f found) bool {
			words := strings.TrimPrefix(strings.TrimPrefix(warning, f.Container+": "), "pod: ")
			parts := said.FindStringSubmatch(words)
			rest := f.Message
			for _, part := range regexp.MustCompile(`\.{3,}`).Split(parts[1], -1) {
				_, after, ok := strings.Cut(rest, part)
				if !ok {
					return false
				}
				rest = after
			}
			return parts[2] == "" || parts[2] == f.ID
		}
		if !slices.ContainsFunc(findings, says) {
			t.Errorf("lint does not say %q, only %+v", warning, findings)
		}
	}
}
