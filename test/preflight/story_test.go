package preflight

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/test/charttools"
)

var update = flag.Bool("update", false, "write testdata/story.txt anew")

// step is one command of the story.
type step struct {
	// what is the row of the table that it belongs to.
	what string
	// run is what a person types: kubectl, helm-3 or helm-4, and its arguments. NAMESPACE is that of the chapter.
	run string
	// stdin is a manifest.
	stdin string
	// calls is how often our server is called.
	calls int
	// fails says that the command ends with another code than 0.
	fails bool
}

// chapter is a part of the story, told with one installation.
type chapter struct {
	name, values, namespace string
	steps                   []step
}

// TestStory types every command of the story, and compares what is printed to stderr with testdata/story.txt and the calls that
// our server counts with the table.
func TestStory(t *testing.T) {
	c := newCluster(t)
	tools := map[string]string{"kubectl": c.kubectl}
	for _, tool := range []charttools.Tool{charttools.Helm3, charttools.Helm4} {
		path, err := charttools.Path(t.Context(), tool)
		if err != nil {
			t.Fatal(err)
		}
		tools[string(tool)] = path
	}
	release := writeRelease(t)
	var told strings.Builder
	installed := "\x00"
	for _, chapter := range story() {
		if chapter.values != installed {
			c.install(t, chapter.values)
			installed = chapter.values
		}
		fmt.Fprintf(&told, "== %s\n", chapter.name)
		for _, s := range chapter.steps {
			command := strings.ReplaceAll(s.run, "NAMESPACE", cmp.Or(chapter.namespace, shop))
			c.settle(t)
			before := c.calls(t, "preflight")
			words := strings.Fields(strings.ReplaceAll(command, "RELEASE", release))
			if words[0] == "kubectl" {
				words = append(words, "-n", cmp.Or(chapter.namespace, shop))
			}
			got := c.run(t, tools[words[0]], s.stdin, words[1:]...)
			c.settle(t)
			if calls := c.calls(t, "preflight") - before; calls != s.calls {
				t.Errorf("%s: %s: %d calls, not %d", chapter.name, s.what, calls, s.calls)
			}
			if (got.code != 0) != s.fails {
				t.Errorf("%s: %s: it ends with %d: %s", chapter.name, s.what, got.code, got.stderr)
			}
			fmt.Fprintf(&told, "\n# %s\n$ %s\n%s", s.what, command, stable(got.stderr))
		}
		told.WriteString("\n")
	}
	c.compare(t, told.String())
}

// settle waits until the controllers have nothing to do: what they do must not count for the next command.
func (c *cluster) settle(t *testing.T) {
	t.Helper()
	for _, namespace := range []string{shop, killed, "kube-system"} {
		c.settled(t, namespace)
	}
}

// headerOfLog is what Helm's loggers put before a warning: the time, and where in Helm it was written.
var headerOfLog = regexp.MustCompile(`(?m)^[IW]\d{4} [\d:.]+\s+\d+ \S+\] `)

// warningOfKubectl is one of its own, which it has since 1.34.
var warningOfKubectl = regexp.MustCompile(`(?m)^Warning: resource \S+ was previously managed with 'kubectl apply'.*\n`)

// stable leaves out of an output what differs from run to run, and what kubectl says by itself.
func stable(stderr string) string {
	return warningOfKubectl.ReplaceAllString(headerOfLog.ReplaceAllString(stderr, ""), "")
}

// compare holds the story to the file. Where a version of Kubernetes tells it in other words, that version has a file.
func (c *cluster) compare(t *testing.T, got string) {
	t.Helper()
	file := filepath.Join("testdata", "story.txt")
	if own := filepath.Join("testdata", fmt.Sprintf("story-1.%d.txt", c.Minor())); exists(own) {
		file = own
	}
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s - told now +:\n%s", file, diff)
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
