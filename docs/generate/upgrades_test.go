package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestEveryVersionHasUpgradeNotes(t *testing.T) {
	var texts [2]string
	for i, name := range []string{"CHANGELOG.md", "docs/upgrades.md"} {
		content, err := os.ReadFile(filepath.Join(sources, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(content)
	}
	versions := regexp.MustCompile(`(?m)^## (v\d\S*)`).FindAllStringSubmatch(texts[0], -1)
	if len(versions) == 0 {
		t.Fatal("the CHANGELOG has no version")
	}
	for _, version := range versions {
		if !regexp.MustCompile(`(?m)^### ` + regexp.QuoteMeta(version[1]) + `$`).MatchString(texts[1]) {
			t.Errorf("docs/upgrades.md has no notes for %s", version[1])
		}
	}
}
