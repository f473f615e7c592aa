package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
)

// asking is a Pod that gets a probe, as lines.
const asking = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  annotations:\n    probe-injector.dev/readiness: tcp:80\nspec:\n  containers:\n  - name: web # here\n    image: web\n"

// inBraces is one that cannot be changed by lines.
const inBraces = "apiVersion: v1\nkind: Pod\nmetadata: {name: braces, annotations: {probe-injector.dev/readiness: \"tcp:80\"}}\nspec: {containers: [{name: web, image: web}]}\n"

func TestInjectInPlace(t *testing.T) {
	file := fileWith(t, "pod.yaml", asking)
	link := filepath.Join(filepath.Dir(file), "link.yaml")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	code, out, problems := injected(t, "", "-i", "-f", link)
	want := link + ": pod/web: added web: readiness\nadded 1 probe: 1 workload in 1 file of 1; policy: the chart's own (--policy names another)\n"
	if code != exit.Fine || out != want || !strings.HasPrefix(problems, "note: the labels of default are not known") || strings.Count(problems, "\n") != 1 {
		t.Fatalf("exit code %d\n%s%s", code, out, problems)
	}
	text := readFile(t, file)
	if !strings.HasPrefix(text, asking+"    readinessProbe:\n") {
		t.Errorf("the file is\n%s", text)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if target, err := os.Readlink(link); err != nil || target != file {
		t.Errorf("the link leads to %q, %v", target, err)
	}
	info, _ := os.Stat(file)
	if code, out, _ := injected(t, "", "-i", "-f", link); code != exit.Fine || !strings.HasPrefix(out, "added 0 probes: 0 workloads in 0 files of 1") {
		t.Errorf("a second time: exit code %d\n%s", code, out)
	}
	if again, _ := os.Stat(file); !os.SameFile(info, again) || readFile(t, file) != text {
		t.Error("a second time the file is written again")
	}
	if code, out, _ := injected(t, "", "-i", "--eject", "-f", link); code != exit.Fine || !strings.Contains(out, "pod/web: removed 1 annotation\n") {
		t.Errorf("eject: exit code %d\n%s", code, out)
	}
	if text := readFile(t, file); strings.Contains(text, "probe-injector") || strings.Contains(text, "annotations:") || !strings.Contains(text, "readinessProbe:") {
		t.Errorf("after --eject the file is\n%s", text)
	}
	checkNothingLeft(t, filepath.Dir(file), 2)
}

// checkNothingLeft makes sure that a folder has as many entries as it should.
func checkNothingLeft(t *testing.T, folder string, entries int) {
	t.Helper()
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != entries {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestInjectChangesAllFilesOrNone(t *testing.T) {
	for name, row := range map[string]struct{ text, says string }{
		"flow style":       {inBraces, "other.yaml:4: pod/braces: written in flow style"},
		"no YAML":          {"a: [\n", "other.yaml:1: this is no YAML"},
		"a template":       {"metadata:\n  name: {{ .Release.Name }}\n", "this is a template"},
		"a member twice":   {asking + "spec: {}\n", "other.yaml:11:1: spec stands here and on line 7"},
		"an unquoted true": {strings.Replace(asking, "readiness: tcp:80", "inject: true", 1), "must be a text"},
	} {
		t.Run(name, func(t *testing.T) {
			good := fileWith(t, "good.yaml", asking)
			folder := filepath.Dir(good)
			other := filepath.Join(folder, "other.yaml")
			if err := os.WriteFile(other, []byte(row.text), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, problems := injected(t, "", "-i", "-f", folder)
			if code != exit.Unusable || out != "" || !strings.Contains(problems, row.says) {
				t.Errorf("exit code %d\n%s%s", code, out, problems)
			}
			if readFile(t, good) != asking || readFile(t, other) != row.text {
				t.Error("a file changed")
			}
			checkNothingLeft(t, folder, 2)
		})
	}
}

func TestInjectStreams(t *testing.T) {
	plain := fileWith(t, "plain.yaml", "\ufeff# settings\nkind: ConfigMap\napiVersion: v1")
	another := fileWith(t, "another.yaml", "# settings\nkind: ConfigMap\napiVersion: v1")
	separated := fileWith(t, "separated.yaml", "---\n"+asking)
	code, out, problems := injected(t, "", "-f", separated, "-f", plain, "-f", another, "--namespace-labels", "default=a=b")
	if code != exit.Fine || problems != "" {
		t.Fatalf("exit code %d: %s", code, problems)
	}
	documents := strings.Split(out, "---\n")
	if len(documents) != 4 || !strings.HasPrefix(documents[1], asking) || !strings.Contains(documents[1], "readinessProbe") || documents[2] != "# settings\nkind: ConfigMap\napiVersion: v1\n" {
		t.Errorf("%d documents:\n%s", len(documents), out)
	}
}

func TestInjectCommandLine(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		says string
	}{
		"no file":                    {nil, "say what to write into"},
		"in place and a diff":        {[]string{"-f", "x", "-i", "--diff"}, "either --in-place or --diff"},
		"the standard input changed": {[]string{"-f", "-", "-i"}, "cannot be changed in place"},
		"the standard input twice":   {[]string{"-f", "-", "--policy", "-"}, "either the policy or the manifests"},
		"a file that is not there":   {[]string{"-f", "none.yaml"}, "none.yaml"},
		"a policy that is not there": {[]string{"-f", "-", "--policy", "none.yaml"}, "reading the policy"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, problems := injected(t, asking, row.args...)
			if code != exit.Unusable || out != "" || !strings.Contains(problems, row.says) {
				t.Errorf("exit code %d\n%s%s", code, out, problems)
			}
		})
	}
}

// TestInjectIsKilled ends the program at many moments: in its place stands the old file or the new one.
func TestInjectIsKilled(t *testing.T) {
	program := filepath.Join(t.TempDir(), "probe-injector")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	old := strings.Repeat(asking+"---\n", 100)
	file := fileWith(t, "pods.yaml", old)
	start := time.Now()
	if output, err := exec.CommandContext(t.Context(), program, "inject", "-i", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	took, changed := time.Since(start), readFile(t, file)
	if changed == old {
		t.Fatal("nothing changed")
	}
	const moments = 20
	killed := 0
	for i := range moments {
		if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		// The last moments are around the end, when the file is written. A machine that was busy at first makes later runs quicker.
		moment := took/2 + took*time.Duration(i)/moments
		ctx, cancel := context.WithTimeout(t.Context(), moment)
		start := time.Now()
		err := exec.CommandContext(ctx, program, "inject", "-i", "-f", file).Run()
		cancel()
		if err != nil {
			killed++
		} else {
			took = min(took, time.Since(start))
		}
		if text := readFile(t, file); text != old && text != changed {
			t.Fatalf("killed after %v, the file has %d bytes: neither %d nor %d", moment, len(text), len(old), len(changed))
		}
	}
	if killed == 0 {
		t.Error("it was never killed")
	}
}
