package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each folder of testdata/explain is a case: input.yaml, perhaps policy.yaml, and in want.txt all that explain says
// about it, in line.txt the same with -o line. UPDATE_GOLDEN=1 go test ./cmd/probe-injector writes both anew.
const (
	caseFolder = "testdata/explain"
	inputFile  = "input.yaml"
	policyFile = "policy.yaml"
	wantFile   = "want.txt"
	lineFile   = "line.txt"
	updateEnv  = "UPDATE_GOLDEN"
)

func TestExplain(t *testing.T) {
	folders, err := os.ReadDir(caseFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		t.Run(folder.Name(), func(t *testing.T) {
			t.Chdir(filepath.Join(caseFolder, folder.Name()))
			args := arguments(t)
			expectGolden(t, wantFile, transcript(args))
			expectGolden(t, lineFile, transcript(append(args, "-o", "line")))
		})
	}
}

// expectGolden holds a text against a file of the current folder.
func expectGolden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv(updateEnv) != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("-want +got; if this is right, run with %s=1:\n%s", updateEnv, diff)
	}
}

// arguments are those that the files of the current folder call for. A file that no case has is left over.
func arguments(t *testing.T) []string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"explain", "-f", inputFile}
	hasInput := false
	for _, file := range files {
		switch file.Name() {
		case inputFile:
			hasInput = true
		case policyFile:
			args = append(args, "--policy", policyFile)
		case wantFile, lineFile:
		default:
			t.Errorf("%s is left over: a case has %s, %s, %s and %s", file.Name(), inputFile, policyFile, wantFile, lineFile)
		}
	}
	if !hasInput {
		t.Fatalf("no %s: the folder is left over", inputFile)
	}
	return args
}

// transcript is a command line and everything that it answers.
func transcript(args []string) string {
	var out, problems bytes.Buffer
	code := run(append([]string{"probe-injector"}, args...), "v0.1.0", streams{strings.NewReader(""), &out, &problems})
	text := "$ probe-injector " + strings.Join(args, " ") + "\n" + out.String()
	if problems.Len() > 0 {
		text += "\nOn stderr:\n" + problems.String()
	}
	return text + fmt.Sprintf("\nExit code %d\n", code)
}
