package pages

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// props is a stage that only notes what it is asked for.
type props struct{ asked []string }

func (p *props) Fresh(context.Context) error {
	p.asked = append(p.asked, "fresh")
	return nil
}

func (p *props) Give(_ context.Context, name string) error {
	p.asked = append(p.asked, name)
	if name == "nothing" {
		return errors.New("there is no nothing")
	}
	return nil
}

// play runs a page in an empty folder.
func play(t *testing.T, source []byte) (Page, []Result, *props, error) {
	t.Helper()
	parsed, err := Parse("docs/a.md", source)
	if err != nil {
		t.Fatal(err)
	}
	folder, stage := t.TempDir(), &props{}
	shell, err := NewShell(folder, t.TempDir(), os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shell.Close(); err != nil {
			t.Error(err)
		}
	})
	results, err := (&Runner{Shell: shell, Stage: stage, Folder: folder, LookTimeout: time.Second}).Run(t.Context(), parsed)
	return parsed, results, stage, err
}

func failures(results []Result) (all []string) {
	for _, result := range results {
		if result.Failure != "" {
			all = append(all, result.Failure)
		}
	}
	return all
}

func TestPagesThatAreRight(t *testing.T) {
	for name, source := range map[string]string{
		"a command and its output":                          "```console\n$ echo one; echo two >&2\none\ntwo\n```\n",
		"a command without output":                          "```console\n$ true\n```\n",
		"lines that are left out":                           "```console\n$ seq 9\n1\n…\n5\n6\n…\n```\n",
		"a part of a line that is left out":                 "```console\n$ echo a b c\na … c\n```\n",
		"a command of two lines":                            "```console\n$ echo one \\\n    two\none two\n```\n",
		"a command that fails, as it says":                  "<!-- exit: 3 -->\n```console\n$ (exit 3)\n```\n",
		"a folder and a variable stay":                      "```sh\nmkdir x\ncd x\nexport A=1\nB=2\n```\n\n```console\n$ basename $PWD; echo $A$B\nx\n12\n```\n",
		"a file that the page shows":                        "<!-- file: a.yaml -->\n```yaml\na: 1\n```\n\n```console\n$ cat a.yaml\na: 1\n```\n",
		"another age, another date":                         "```console\n$ echo 'NAME   AGE'; echo \"web   $((1 + 2))s\"; date -u +%Y-%m-%dT%H:%M:%SZ\nNAME     AGE\nweb    12m\n2026-01-02T03:04:05Z\n```\n",
		"another Pod, another address":                      "```console\n$ echo pod/web-5f7d8c9b4d-x2x4z 10.0.0.7\npod/web-7b8c9d5f6c-8k2lp 192.168.1.1\n```\n",
		"what cannot be run is not run":                     "<!-- not run: needs kind -->\n```console\n$ false\n```\n",
		"a part of what a command prints":                   "<!-- part of: printf 'x: 1\\n---\\na: [{b: {c: 1, d: 2}, e: 3}]\\n' -->\n```yaml\nb: {c: 1}\n```\n",
		"a comment for people":                              "<!-- A note. -->\n```console\n$ true\n```\n",
		"a command that leaves something in the background": "```console\n$ sleep 60 &\n```\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, results, _, err := play(t, []byte(source))
			if all := failures(results); err != nil || len(all) > 0 {
				t.Errorf("%v %s", err, all)
			}
		})
	}
}

func TestPagesThatAreWrong(t *testing.T) {
	for name, row := range map[string]struct {
		source string
		want   []string
	}{
		"another output": {
			"Text.\n\n```console\n$ printf 'one\\ntwo\\n'\none\nthree\n```\n",
			[]string{"docs/a.md:4: $ printf", " one\n-three\n+two\n"},
		},
		"output where the page shows none":  {"```console\n$ true\n$ echo one\n```\n", []string{"docs/a.md:3: $ echo one\n", "+one"}},
		"no output where the page shows it": {"```console\n$ true\none\n```\n", []string{"docs/a.md:2: $ true\n", "-one"}},
		"another number, which is no time":  {"```console\n$ echo restart after 50-65s\nrestart after 40-65s\n```\n", []string{"-restart after 40-65s\n", "+restart after 50-65s"}},
		"a part with another number":        {"<!-- part of: printf 'a: [{b: 1, c: 2}]' -->\n```yaml\nb: 2\n```\n", []string{"docs/a.md:3: $ printf", "prints no such part:\nb: 2"}},
		"a command that fails":              {"```console\n$ cat nothing\n```\n", []string{"docs/a.md:2: $ cat nothing\nended with 1, not with 0:\ncat: nothing"}},
		"a command that does not exist":     {"```console\n$ kubeclt get pods\n```\n", []string{"docs/a.md:2: $ kubeclt get pods\nended with 127, not with 0:"}},
		"a command that should fail":        {"<!-- exit: 1 -->\n```console\n$ true\n```\n", []string{"docs/a.md:3: $ true\nended with 0, not with 1:"}},
		"a script that fails at its end":    {"```sh\ntrue\nfalse\n```\n", []string{"docs/a.md:3: $ false\nended with 1"}},
		"a script that fails in the middle": {"```sh\nfalse\ntrue\n```\n", []string{"docs/a.md:2: $ false\nended with 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, results, _, err := play(t, []byte(row.source))
			all := failures(results)
			if err != nil || len(all) != 1 {
				t.Fatalf("%v %q", err, all)
			}
			for _, want := range row.want {
				if !strings.Contains(all[0], want) {
					t.Errorf("%q lacks %q", all[0], want)
				}
			}
		})
	}
}

func TestACommandThatEndsTheShell(t *testing.T) {
	_, _, _, err := play(t, []byte("```console\n$ exit 0\n```\n"))
	if !errors.Is(err, errShellEnded) || !strings.HasPrefix(err.Error(), "docs/a.md:2: exit 0: ") {
		t.Error(err)
	}
}

func TestTheStageIsAsked(t *testing.T) {
	_, _, stage, err := play(t, []byte("<!-- run: fresh cluster -->\n<!-- given: shop -->\n```console\n$ true\n```\n"))
	if err != nil || !slices.Equal(stage.asked, []string{"fresh", "shop"}) {
		t.Errorf("%v %v", stage.asked, err)
	}
	_, _, _, err = play(t, []byte("<!-- given: nothing -->\n```console\n$ true\n```\n"))
	if err == nil || err.Error() != "docs/a.md:3: there is no nothing" {
		t.Error(err)
	}
}

// TestUpdateThenRecordThenCheck goes the way of a person who changes a page.
func TestUpdateThenRecordThenCheck(t *testing.T) {
	root, file := t.TempDir(), filepath.Join(t.TempDir(), "record.txt")
	wrong := "Text.\n\n1. First\n\n   ```console\n   $ seq 3\n   1\n   $ true\n   wrong\n   $ echo right \\\n       indeed\n   right …\n   ```\n\nEnd.\n"
	right := "Text.\n\n1. First\n\n   ```console\n   $ seq 3\n   1\n   2\n   3\n   $ true\n   $ echo right \\\n       indeed\n   right …\n   ```\n\nEnd.\n"
	if err := errors.Join(os.Mkdir(filepath.Join(root, "docs"), 0o755), os.WriteFile(filepath.Join(root, "docs", "a.md"), []byte(wrong), 0o600)); err != nil {
		t.Fatal(err)
	}
	before, results, _, err := play(t, []byte(wrong))
	if err != nil || len(failures(results)) != 2 {
		t.Fatalf("%v %v", err, failures(results))
	}
	if err := Update(root, before, results); err != nil {
		t.Fatal(err)
	}
	after, err := Read(root, []string{"docs/a.md"})
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(filepath.Join(root, "docs", "a.md")); err != nil || string(content) != right {
		t.Fatalf("%v\n%s", err, content)
	}
	if err := WriteRecord(file, Record(before, results)); err != nil {
		t.Fatal(err)
	}
	record, err := ReadRecord(file)
	if err != nil {
		t.Fatal(err)
	}
	if all := Check(after, record); len(all) > 0 {
		t.Errorf("%s", all)
	}
	for name, row := range map[string]struct{ from, to, want string }{
		"another output":    {"   2\n", "   4\n", "docs/a.md:6: $ seq 3\n"},
		"another command":   {"$ true", "$ false", "docs/a.md:10: changed since it was run:\n"},
		"another exit code": {"   ```console", "   <!-- exit: 1 -->\n   ```console", "docs/a.md:7: changed since it was run:\n"},
		"one more command":  {"   right …\n", "   right …\n   $ true\n", "docs/a.md:14: was never run: $ true"},
		"one command less":  {"   $ true\n", "", "docs/a.md:10: changed since it was run:\n"},
		"none left":         {right, "Text.\n", "docs/a.md: was run and is gone: $ seq 3"},
	} {
		t.Run(name, func(t *testing.T) {
			changed, err := Parse("docs/a.md", []byte(strings.Replace(right, row.from, row.to, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if all := Check([]Page{changed}, record); len(all) == 0 || !strings.HasPrefix(all[0], row.want) {
				t.Errorf("%q does not begin with %q", all, row.want)
			}
		})
	}
}

// TestWhatIsMaskedStaysMasked: a record holds masked text, which is masked once more when it is compared.
func TestWhatIsMaskedStaysMasked(t *testing.T) {
	for _, text := range []string{
		"LAST DEPLOYED: Fri Nov 27 13:10:54 2026", "web-5f7d8c9b4d-x2x4z   1/1   Running   1 (12s ago)   3m4s", "notAfter=Feb 25 13:10:54 2027 GMT",
		"at 10.11.12.13:9443", "2026-11-27 13:10:54.1 +0000 UTC", "sha256:" + strings.Repeat("0f", 32), "up to 124s to start, restart after 50-65s",
	} {
		once := Masked(text)
		if twice := Masked(once); twice != once {
			t.Errorf("%q becomes %q", once, twice)
		}
	}
	if text := "up to 124s to start, restart after 50-65s"; Masked(text) != text {
		t.Errorf("a promise is masked: %s", Masked(text))
	}
}
