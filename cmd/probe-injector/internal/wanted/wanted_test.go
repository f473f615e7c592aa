package wanted_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/explanation"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/wanted"
)

func parse(t *testing.T, text string) *wanted.File {
	t.Helper()
	f, err := wanted.Parse("want.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFileIsReadAsItIsWritten(t *testing.T) {
	for name, text := range map[string]string{
		"empty":               "",
		"a comment alone":     "# ours\n",
		"lines":               "a/deployment/x  untouched: because\nb/pod/y  web: readiness tcp:80 [3fa9c1]\n",
		"a comment and lines": "# one\n\n# two\na/deployment/x  untouched: because\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got := parse(t, text).String(); got != text {
				t.Errorf("got %q, want %q", got, text)
			}
		})
	}
	if got := parse(t, "b/pod/y  1\r\na/pod/x  2\r\n").String(); got != "a/pod/x  2\nb/pod/y  1\n" {
		t.Errorf("lines out of order, with the line ends of Windows: %q", got)
	}
}

func TestWhatIsNoFile(t *testing.T) {
	for text, want := range map[string]string{
		"a/pod/x one space\n":           "want.txt:1: must be NAMESPACE/KIND/NAME, two spaces",
		"# c\na/pod/x\n":                "want.txt:2: must be NAMESPACE/KIND/NAME",
		"a/pod/x  says\n# below\n":      "want.txt:2: comments and empty lines stand above all workloads",
		"<<<<<<< HEAD\na/pod/x  says\n": "want.txt:1: must be",
	} {
		if _, err := wanted.Parse("want.txt", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q in it", text, err, want)
		}
	}
}

func TestTheDifferenceIsShownAsDiffDoes(t *testing.T) {
	var old, now strings.Builder
	for i := range 20 {
		fmt.Fprintf(&old, "a/pod/%02d  same\n", i)
		switch i {
		case 2:
			now.WriteString("a/pod/02  other\n")
		case 17:
			now.WriteString("a/pod/17  same\na/pod/17b  new\n")
		case 19:
		default:
			fmt.Fprintf(&now, "a/pod/%02d  same\n", i)
		}
	}
	c := wanted.Compare(parse(t, "# ours\n"+old.String()), parse(t, "# ours\n"+now.String()))
	var diff strings.Builder
	if err := c.WriteDiff(&diff, "want.txt"); err != nil {
		t.Fatal(err)
	}
	want := `--- want.txt
+++ want.txt as it is now
@@ -2,6 +2,6 @@
 a/pod/00  same
 a/pod/01  same
-a/pod/02  same
+a/pod/02  other
 a/pod/03  same
 a/pod/04  same
 a/pod/05  same
@@ -17,5 +17,5 @@
 a/pod/15  same
 a/pod/16  same
 a/pod/17  same
+a/pod/17b  new
 a/pod/18  same
-a/pod/19  same
`
	if d := cmp.Diff(want, diff.String()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if same, other, unwanted, missing := c.Counts(); same != 18 || other != 1 || unwanted != 1 || missing != 1 {
		t.Errorf("%d same, %d other, %d unwanted, %d missing", same, other, unwanted, missing)
	}
}

// A diff that is applied to the one side gives the other.
func TestDiffsApply(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2_000 {
		head := strings.Repeat("# c\n", r.IntN(3))
		var old, now []explanation.Line
		for i := range r.IntN(40) {
			line := explanation.Line{Workload: fmt.Sprintf("a/pod/%02d", i), Says: "one"}
			if r.IntN(8) > 0 {
				old = append(old, line)
			}
			if r.IntN(8) == 0 {
				line.Says = "two"
			}
			if r.IntN(8) > 0 {
				now = append(now, line)
			}
		}
		before := parse(t, head).With(old)
		after := before.With(now)
		c := wanted.Compare(before, after)
		var diff strings.Builder
		if err := c.WriteDiff(&diff, "want.txt"); err != nil {
			t.Fatal(err)
		}
		if got := apply(t, before.String(), diff.String()); got != after.String() {
			t.Fatalf("before:\n%safter:\n%sdiff:\n%sapplied:\n%s", before, after, diff.String(), got)
		}
	}
}

// apply is a strict patch: every line and every number of a hunk must be right.
func apply(t *testing.T, text, diff string) string {
	t.Helper()
	lines := strings.SplitAfter(text, "\n")
	lines = lines[:len(lines)-1]
	var out strings.Builder
	at, oldLeft, newLeft, written := 0, 0, 0, 0
	for line := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
		case strings.HasPrefix(line, "@@"):
			fields := strings.Fields(line)
			from, oldCount := hunkSpan(t, fields[1][1:])
			to, newCount := hunkSpan(t, fields[2][1:])
			for at < from {
				out.WriteString(lines[at])
				at, written = at+1, written+1
			}
			if oldLeft != 0 || newLeft != 0 || to != written {
				t.Fatalf("%q stands at line %d, with %d and %d lines left:\n%s", line, written, oldLeft, newLeft, diff)
			}
			oldLeft, newLeft = oldCount, newCount
		default:
			if line[0] != '+' {
				if lines[at] != line[1:] {
					t.Fatalf("%q is not %q", line[1:], lines[at])
				}
				at, oldLeft = at+1, oldLeft-1
			}
			if line[0] != '-' {
				out.WriteString(line[1:])
				newLeft, written = newLeft-1, written+1
			}
		}
	}
	if oldLeft != 0 || newLeft != 0 {
		t.Fatalf("lines left:\n%s", diff)
	}
	return out.String() + strings.Join(lines[at:], "")
}

// hunkSpan gives the line before a span, and its length.
func hunkSpan(t *testing.T, span string) (before, lines int) {
	t.Helper()
	first, length, found := strings.Cut(span, ",")
	number, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	lines = 1
	if found {
		if lines, err = strconv.Atoi(length); err != nil {
			t.Fatal(err)
		}
	}
	if lines == 0 {
		return number, 0
	}
	return number - 1, lines
}
