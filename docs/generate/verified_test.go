package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMeasurementsAreSummedUp(t *testing.T) {
	file := filepath.Join(t.TempDir(), "measured.txt")
	write := func(rows string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("| a | restarted after it froze | 65.3 s | 50 to 65 s |\n| b | restarted after /break | 50.0 s | 50 to 65 s |\n| b | Ready | 1.0 s | at most 9 s |\n")
	tables, err := measuredTables(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| restarted | 2 | 1 | by 0.3 s |\n", "| Ready | 1 | 1 | – |\n", "all 3 measurements", "| b | restarted after /break | 50.0 s | 50 to 65 s |\n"} {
		if !strings.Contains(tables, want) {
			t.Errorf("%q is missing:\n%s", want, tables)
		}
	}
	for name, row := range map[string]string{
		"a restart that is late by more than tests allow":  "| a | restarted | 68.1 s | 50 to 65 s |",
		"a restart that is early by more than tests allow": "| a | restarted | 46.9 s | 50 to 65 s |",
		"a row with fewer cells":                           "| a | restarted | 46.9 s |",
		"a time that is none":                              "| a | restarted | soon | 50 to 65 s |",
		"a promise that is none":                           "| a | restarted | 50 s | soon |",
	} {
		write(row + "\n")
		if _, err := measuredTables(file); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
