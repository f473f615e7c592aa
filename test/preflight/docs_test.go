package preflight

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/checkout"
)

// TestDocs: what the page shows as output is in the story.
func TestDocs(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "preflight.md"))
	if err != nil {
		t.Fatal(err)
	}
	story, err := os.ReadFile(filepath.Join("testdata", "story.txt"))
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	for i, block := range strings.Split(string(page), "```") {
		if i%2 == 0 || !strings.HasPrefix(block, "console\n") {
			continue
		}
		for line := range strings.Lines(strings.TrimPrefix(block, "console\n")) {
			if strings.HasPrefix(line, "$ ") {
				continue
			}
			shown++
			if !strings.Contains(string(story), "\n"+line) {
				t.Errorf("nobody is told: %s", line)
			}
		}
	}
	if shown < 7 {
		t.Errorf("only %d lines of output were found", shown)
	}
}
