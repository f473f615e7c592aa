package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBrokenLinksAreNamed(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"docs/a.md": "# The `kind` of A: what, and why\n\n## Twice\n\n## Twice\n\n<a id=\"row\"></a>\n\n| <a id=\"cell\"></a>x |\n|---|\n| <a id=\"in\"></a>y |\n",
		"x.txt":     "",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, want := range map[string]string{
		"docs/a.md":                            "",
		"docs":                                 "",
		"x.txt":                                "",
		"docs/a.md#twice":                      "",
		"docs/a.md#twice-1":                    "",
		"docs/a.md#row":                        "",
		"docs/a.md#in":                         "",
		"docs/a.md#the-kind-of-a-what-and-why": "",
		"#here":                                "",
		"https://example.com/x#y":              "",
		"mailto:someone@example.com":           "",
		"docs/b.md":                            "there is no such file",
		"docs/a.md#thrice":                     "the page has no such heading",
		"#there":                               "the page has no such heading",
		"x.txt#L1":                             "only pages that are checked themselves",
		"../outside.md":                        "it leaves the repository",
		"/etc/passwd":                          "it leaves the repository",
		"https://localhost":                    "it is no address",
		"ftp://example.com":                    "it is no address",
		"http//example.com":                    "there is no such file",
	} {
		if err := os.WriteFile(filepath.Join(root, "p.md"), []byte("# Here\n\n[text]("+link+")\n\n```\n[code](nowhere.md)\n```\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		broken, err := check(root, []string{"p.md", "docs/a.md"})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(broken, "\n"); want == "" && got != "" || want != "" && !strings.Contains(got, want) {
			t.Errorf("[text](%s): %q, want %q", link, got, want)
		}
	}
}

func TestNoPageIsAMistake(t *testing.T) {
	if _, err := check(".", nil); err == nil {
		t.Error("nothing was looked at, and all is well")
	}
	if _, err := check(".", []string{"absent.md"}); err == nil {
		t.Error("a page that is absent is all right")
	}
}
