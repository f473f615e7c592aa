package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
)

// injectFolder has cases as caseFolder does. want.txt is what two runs print that show what would change, and where that is
// refused also what is printed in place of it.
const injectFolder = "testdata/inject"

func TestInject(t *testing.T) {
	folders, err := os.ReadDir(injectFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		t.Run(folder.Name(), func(t *testing.T) {
			t.Chdir(filepath.Join(injectFolder, folder.Name()))
			args := arguments(t)
			args[0] = "inject"
			got := transcript(append(args, "--diff"))
			if strings.HasSuffix(got, "Exit code 2\n") {
				got += "\n" + transcript(args)
			}
			got += "\n" + transcript(append(args, "--diff", "--eject"))
			if os.Getenv(updateEnv) != "" {
				if err := os.WriteFile(wantFile, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("-want +got; if this is right, run with %s=1:\n%s", updateEnv, diff)
			}
		})
	}
}

// injected runs inject and returns what it printed.
func injected(t *testing.T, stdin string, args ...string) (code exit.Code, out, problems string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = exit.Code(run(append([]string{"probe-injector", "inject"}, args...), "v0.1.0", streams{strings.NewReader(stdin), &stdout, &stderr}))
	return code, stdout.String(), stderr.String()
}
