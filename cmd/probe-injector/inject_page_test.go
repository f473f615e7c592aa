package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// injectPage is the page about inject.
const injectPage = "../../docs/inject.md"

// consoleBlock is a command with what it prints.
var consoleBlock = regexp.MustCompile("(?ms)^```console\n\\$ probe-injector (.*?)\n(.*?)```\n")

// TestInjectPage runs the commands of the page, one after the other, in a folder with the examples. UPDATE_GOLDEN=1 writes
// what they print.
func TestInjectPage(t *testing.T) {
	page, err := filepath.Abs(injectPage)
	if err != nil {
		t.Fatal(err)
	}
	text := readFile(t, page)
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(examplesFolder, "annotations"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "braces.yaml"), []byte(inBraces), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	commands := 0
	got := consoleBlock.ReplaceAllStringFunc(text, func(block string) string {
		commands++
		line := consoleBlock.FindStringSubmatch(block)[1]
		_, out, problems := injected(t, "", strings.Fields(strings.TrimPrefix(line, "inject "))...)
		return "```console\n$ probe-injector " + line + "\n" + problems + out + "```\n"
	})
	if os.Getenv(updateEnv) != "" {
		if err := os.WriteFile(page, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(text, "\n"), strings.Split(got, "\n")); diff != "" || commands == 0 {
		t.Errorf("%d commands; -page +printed; if this is right, run with %s=1:\n%s", commands, updateEnv, diff)
	}
}
