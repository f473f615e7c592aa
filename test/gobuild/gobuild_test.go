package gobuild_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/probe-injector/probe-injector/test/gobuild"
)

// writeProgram writes a module with a program that prints the text.
func writeProgram(t *testing.T, dir, text string) {
	t.Helper()
	files := map[string]string{
		"go.mod":  "module example.com/program\n",
		"main.go": "package main\n\nimport \"fmt\"\n\nvar version string\n\nfunc main() { fmt.Print(`" + text + "`, version) }\n",
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// run returns what a program prints.
func run(t *testing.T, path string) string {
	t.Helper()
	output, err := exec.Command(path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(output)
}

func TestManyMayBuildTheSameAtATime(t *testing.T) {
	dir := t.TempDir()
	writeProgram(t, dir, "one ")
	target := gobuild.Target{
		Dir: dir, Package: ".", Output: filepath.Join(dir, "bin", "program"), LinkerFlags: "-X main.version=1.2", Once: true,
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if err := gobuild.Build(t.Context(), target); err != nil {
				t.Error(err)
			} else if got := run(t, target.Output); got != "one 1.2" {
				t.Errorf("it prints %q", got)
			}
		})
	}
	group.Wait()
}

func TestOnceLeavesAProgramAlone(t *testing.T) {
	for name, test := range map[string]struct {
		once bool
		want string
	}{
		"once":       {once: true, want: "old"},
		"up to date": {once: false, want: "new"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			target := gobuild.Target{Dir: dir, Package: ".", Output: filepath.Join(dir, "bin", "program"), Once: test.once}
			for _, text := range []string{"old", "new"} {
				writeProgram(t, dir, text)
				if err := gobuild.Build(t.Context(), target); err != nil {
					t.Fatal(err)
				}
			}
			if got := run(t, target.Output); got != test.want {
				t.Errorf("it prints %q", got)
			}
		})
	}
}

func TestAFailedBuildSaysWhatTheCompilerSaidAndLeavesNoProgram(t *testing.T) {
	dir := t.TempDir()
	writeProgram(t, dir, "`+nonsense+`")
	target := gobuild.Target{Dir: dir, Package: ".", Output: filepath.Join(dir, "bin", "program")}
	err := gobuild.Build(t.Context(), target)
	if err == nil || !strings.Contains(err.Error(), "undefined: nonsense") {
		t.Errorf("the error is %v", err)
	}
	if _, err := os.Stat(target.Output); err == nil {
		t.Error("there is a program")
	}
}
