package pages

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/checkout"
)

// TestEveryBlockIsKnownAndWasRun is what "make verify" runs: it needs no cluster.
func TestEveryBlockIsKnownAndWasRun(t *testing.T) {
	root, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	all, err := Read(root, List())
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckReasons(all); err != nil {
		t.Error(err)
	}
	record, err := ReadRecord(filepath.Join("testdata", "record.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, failure := range Check(all, record) {
		t.Errorf("%s\nRun it: make pages UPDATE=1", failure)
	}
}

// page is a page of one block in a fence.
func page(comment, language, content string) []byte {
	return []byte("# A page\n\nSome text.\n\n" + comment + "```" + language + "\n" + content + "```\n")
}

func TestBlocksThatAreNotKnown(t *testing.T) {
	for name, row := range map[string]struct {
		source []byte
		want   string
	}{
		"a block without a language":             {page("", "", "text\n"), `docs/a.md:6: a block of "" is of no known kind`},
		"a block in a language that nobody runs": {page("", "python", "text\n"), `docs/a.md:6: a block of "python" is of no known kind`},
		"YAML that is none":                      {page("", "yaml", "a: [\n"), "docs/a.md:6: not valid"},
		"YAML with a member twice":               {page("", "yaml", "a: 1\na: 2\n"), "docs/a.md:6: not valid"},
		"a file of YAML that is none":            {page("<!-- file: a.yaml -->\n", "yaml", "a: [\n"), "docs/a.md:7: not valid"},
		"output before the first command":        {page("", "console", "text\n$ true\n"), `docs/a.md:6: "text" stands before the first command`},
		"a reason that is not on the list":       {page("<!-- not run: too long -->\n", "console", "$ true\n"), "docs/a.md:7: not run, because it"},
		"a comment with a key that is misspelt":  {page("<!-- givn: shop -->\n", "console", "$ true\n"), `docs/a.md:7: a comment with "givn"`},
		"a cluster that is no fresh one":         {page("<!-- run: again -->\n", "console", "$ true\n"), "docs/a.md:7: "},
		"an exit code that is no number":         {page("<!-- exit: one -->\n", "console", "$ true\n"), "docs/a.md:7: exit"},
		"data that should be run":                {page("<!-- exit: 1 -->\n", "yaml", "a: 1\n"), "docs/a.md:7: a yaml block is not run"},
		"a block that is only indented":          {[]byte("# A page\n\n    $ true\n"), "docs/a.md:3: an indented code block"},
		"a block without content":                {page("", "console", ""), "docs/a.md: an empty block"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse("docs/a.md", row.source); err == nil || !strings.HasPrefix(err.Error(), row.want) {
				t.Errorf("%v, not %s", err, row.want)
			}
		})
	}
}

func TestReasonsAreBounded(t *testing.T) {
	one, err := Parse("docs/a.md", page("<!-- not run: needs k3s -->\n", "console", "$ true\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckReasons([]Page{one}); err != nil {
		t.Error(err)
	}
	if err := CheckReasons([]Page{one, one}); err == nil || !strings.Contains(err.Error(), "2 blocks are not run because each needs k3s; at most 1 may be") {
		t.Error(err)
	}
}

func TestABlockInAListItem(t *testing.T) {
	parsed, err := Parse("docs/a.md", []byte("1. First:\n\n   <!-- exit: 3 -->\n   ```console\n   $ a\n   one\n   $ b \\\n     --c\n   ```\n"))
	if err != nil {
		t.Fatal(err)
	}
	block := parsed.Blocks[0]
	if block.Exit != 3 || len(block.Commands) != 2 {
		t.Fatalf("%+v", block)
	}
	if first := block.Commands[0]; first.Line != 5 || first.Text != "a" || first.Output != "one\n" {
		t.Errorf("%+v", first)
	}
	if second := block.Commands[1]; second.Line != 7 || second.Text != "b \\\n  --c" || second.Output != "" {
		t.Errorf("%+v", second)
	}
}
