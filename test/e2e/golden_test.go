package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seenFolder has what people see when something goes wrong, one file for each case. UPDATE_GOLDEN=1 writes them anew.
const seenFolder = "testdata/seen"

// seen is what somebody sees who looks at one failure with the commands that the pages name.
type seen struct{ text strings.Builder }

// command adds a command and what it printed.
func (s *seen) command(command, output string) {
	s.text.WriteString("$ " + command + "\n" + strings.TrimRight(output, "\n \t") + "\n\n")
}

// expect compares all of it with the golden file, whose times, names and hashes stand for any.
func (s *seen) expect(t *testing.T, name string) {
	t.Helper()
	now := masked(s.text.String())
	file := filepath.Join(seenFolder, name+".txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(now), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: UPDATE_GOLDEN=1 writes it:\n%s", err, now)
	}
	if diff := cmp.Diff(strings.Split(string(golden), "\n"), strings.Split(now, "\n")); diff != "" {
		t.Errorf("%s (-) is not what is seen now (+); UPDATE_GOLDEN=1 writes it anew:\n%s", file, diff)
	}
}

// masks are what differs each time, and what stands in its place.
var masks = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| ?[+-]\d\d:?\d\d( UTC)?)?`), "TIME"},
	{regexp.MustCompile(`\bv\d+\.\d+\.\d+\b`), "VERSION"},
	{regexp.MustCompile(`"uid":"[0-9a-f-]{36}"`), `"uid":"UID"`},
	{regexp.MustCompile(`(\bseen|\basking)-[a-z0-9]{5}\b`), "${1}"},
	// The letters of hashes (k8s.io/apimachinery/pkg/util/rand).
	{regexp.MustCompile(`\b(web|probe-injector)-[bcdfghjklmnpqrstvwxz2456789]{6,10}-([bcdfghjklmnpqrstvwxz2456789]{5}\b|\*)`), "${1}-HASH"},
	{regexp.MustCompile(`\b(probe-injector-policy-check)-[a-z0-9]{5}\b`), "${1}-HASH"},
	{regexp.MustCompile(`\bweb-[bcdfghjklmnpqrstvwxz2456789]{6,10}(-?")`), "web-HASH${1}"},
	{regexp.MustCompile(`\b\d{1,3}(\.\d{1,3}){3}(:\d+)?\b`), "ADDRESS"},
	{regexp.MustCompile(`"duration(_ms)?":"?[0-9.µmns]+"?`), `"duration":"TIME"`},
	{regexp.MustCompile(`(Failed to pull image "[^"]+"): .*`), "${1}: WHY"},
	{regexp.MustCompile(`ImagePullBackOff`), "ErrImagePull"},
	{regexp.MustCompile(`[ \t]+\n`), "\n"},
}

func masked(text string) string {
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.mask)
	}
	return text
}

// TestEachSeenFileHasItsCase fails for a file whose case is gone.
func TestEachSeenFileHasItsCase(t *testing.T) {
	known := map[string]bool{}
	for name := range usersMistakes() {
		known[name] = true
	}
	for name := range adminsMistakes() {
		known[name] = true
	}
	files, err := filepath.Glob(filepath.Join(seenFolder, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".txt"); !known[name] {
			t.Errorf("%s has no case", file)
		}
	}
	if len(files) != len(known) && os.Getenv("UPDATE_GOLDEN") == "" {
		t.Errorf("%d files for %d cases", len(files), len(known))
	}
}
