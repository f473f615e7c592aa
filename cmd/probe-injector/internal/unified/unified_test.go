package unified

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	const text = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"
	for name, row := range map[string]struct {
		text    string
		changes []Change
		want    string
	}{
		"nothing":                 {text, nil, ""},
		"a line more":             {text, []Change{{10, 10, []byte("new\n")}}, "@@ -3,6 +3,7 @@\n c\n d\n e\n+new\n f\n g\n h\n"},
		"a line less":             {text, []Change{{0, 2, nil}}, "@@ -1,4 +1,3 @@\n-a\n b\n c\n d\n"},
		"a line at the end":       {text, []Change{{20, 20, []byte("k\n")}}, "@@ -8,3 +8,4 @@\n h\n i\n j\n+k\n"},
		"all of it":               {"a\n", []Change{{0, 2, nil}}, "@@ -1 +0,0 @@\n-a\n"},
		"changes near each other": {text, []Change{{2, 2, []byte("x\n")}, {14, 16, nil}}, "@@ -1,10 +1,10 @@\n a\n+x\n b\n c\n d\n e\n f\n g\n-h\n i\n j\n"},
		"changes far apart":       {text, []Change{{0, 0, []byte("x\n")}, {18, 20, nil}}, "@@ -1,3 +1,4 @@\n+x\n a\n b\n c\n@@ -7,4 +8,3 @@\n g\n h\n i\n-j\n"},
		"a last line without end": {"a\nb", []Change{{3, 3, []byte("\nc")}}, "@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of file\n+b\n+c\n\\ No newline at end of file\n"},
	} {
		t.Run(name, func(t *testing.T) {
			want := row.want
			if want != "" {
				want = "--- f\n+++ f\n" + want
			}
			if got := string(Diff("f", []byte(row.text), row.changes)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestPatchReadsIt lets the real program make of a text and the diff what the changes make of it.
func TestPatchReadsIt(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	folder := t.TempDir()
	for range 60 {
		text, changes := drawn(random)
		diff := Diff("f", []byte(text), changes)
		if len(diff) == 0 {
			continue
		}
		path := filepath.Join(folder, "f")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		apply := exec.CommandContext(t.Context(), git, "apply", "-p0", "--unidiff-zero", "-")
		apply.Dir, apply.Stdin = folder, bytes.NewReader(diff)
		if output, err := apply.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s\n%s", err, output, diff)
		}
		got, err := os.ReadFile(path)
		if err != nil && len(changed([]byte(text), changes, 0)) > 0 {
			t.Fatal(err)
		}
		if want := changed([]byte(text), changes, 0); !bytes.Equal(got, want) {
			t.Fatalf("%q became %q, want %q, by\n%s", text, got, want, diff)
		}
	}
}

// drawn is a text and changes of whole lines.
func drawn(random *rand.Rand) (string, []Change) {
	var text strings.Builder
	var changes []Change
	for range 1 + random.IntN(30) {
		start := text.Len()
		text.WriteString(string(rune('a'+random.IntN(26))) + "\n")
		switch random.IntN(8) {
		case 0:
			changes = append(changes, Change{start, text.Len(), nil})
		case 1:
			changes = append(changes, Change{text.Len(), text.Len(), []byte("new\nlines\n")})
		}
	}
	return text.String(), changes
}
