package checkout_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/checkout"
)

// updates are the folders of Go modules that Dependabot is told to look at, as patterns.
func updates(t *testing.T, root string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".github", "dependabot.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Updates []struct {
			Ecosystem   string   `json:"package-ecosystem"`
			Directories []string `json:"directories"`
		}
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for _, update := range config.Updates {
		if update.Ecosystem == "gomod" {
			patterns = append(patterns, update.Directories...)
		}
	}
	return patterns
}

// modules are the folders of the checkout that are Go modules, as Dependabot writes them.
func modules(t *testing.T, root string) []string {
	t.Helper()
	var folders []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && slices.Contains([]string{".git", ".cache", "bin", "dist", "out"}, name) {
			return fs.SkipDir
		}
		if path.Base(name) == "go.mod" {
			folders = append(folders, path.Dir("/"+name))
		}
		return err
	})
	if err != nil || len(folders) == 0 {
		t.Fatalf("no module: %v", err)
	}
	return folders
}

func TestDependabotUpdatesEveryModuleOnce(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	patterns, used := updates(t, root), map[string]bool{}
	for _, folder := range modules(t, root) {
		var matching []string
		for _, pattern := range patterns {
			matches, err := path.Match(pattern, folder)
			if err != nil {
				t.Fatal(err)
			}
			if matches {
				matching, used[pattern] = append(matching, pattern), true
			}
		}
		if len(matching) != 1 {
			t.Errorf("%s is updated by %v of .github/dependabot.yml, not by one entry", folder, matching)
		}
	}
	for _, pattern := range patterns {
		if !used[pattern] {
			t.Errorf("%s of .github/dependabot.yml is the folder of no module", pattern)
		}
	}
}
