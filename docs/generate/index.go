package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// shelf is a section of the index.
type shelf struct {
	title string
	pages []string
}

// shelves list each page of docs once, in the order in which somebody reads them.
func shelves() []shelf {
	return []shelf{
		{"Use it", []string{"annotations", "reasons", "profiles", "timing-classes", "decision-table", "preflight", "glossary"}},
		{"Use the CLI", []string{"cli", "lint", "rules", "audit", "try", "inject"}},
		{"Run it", []string{"install", "tls", "clouds", "policy", "operations", "metrics", "runbooks", "upgrades", "support", "neighbours"}},
		{"Judge it", []string{"comparison", "defaults", "verified", "threat-model"}},
		{"Change it", []string{"architecture", "add-a-profile"}},
	}
}

// indexPage takes each page's title and first sentence from the page itself.
func indexPage(root string) (string, error) {
	d := newDocument("Documentation", "All pages, each once, by what somebody wants to do.", "the titles and first lines of the pages")
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		return "", fmt.Errorf("listing pages: %w", err)
	}
	var left []string
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); name != "README" {
			left = append(left, name)
		}
	}
	for _, s := range shelves() {
		d.heading(s.title)
		var rows [][]string
		for _, name := range s.pages {
			at := slices.Index(left, name)
			if at < 0 {
				continue
			}
			left = slices.Delete(left, at, at+1)
			title, purpose, err := beginning(filepath.Join(root, "docs", name+".md"))
			if err != nil {
				return "", err
			}
			rows = append(rows, []string{"[" + title + "](" + name + ".md)", purpose})
		}
		d.table([]string{"page", "what it is for"}, rows)
	}
	if len(left) > 0 {
		return "", fmt.Errorf("pages that are on no shelf of docs/generate/index.go, or on two: %s", strings.Join(left, ", "))
	}
	return d.String(), nil
}

// beginning is the title of a page and its first sentence, which says what the page is for.
func beginning(file string) (title, purpose string, err error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", "", fmt.Errorf("reading a page: %w", err)
	}
	blocks := strings.SplitN(strings.TrimSpace(string(content)), "\n\n", 3)
	if len(blocks) < 2 || !strings.HasPrefix(blocks[0], "# ") {
		return "", "", errors.New(file + " does not begin with a title and what it is for")
	}
	title = strings.TrimPrefix(blocks[0], "# ")
	first, rest, _ := strings.Cut(strings.ReplaceAll(blocks[1], "\n", " "), ". ")
	if next, _, _ := strings.Cut(rest, ". "); len(first) < 40 && next != "" {
		first += ". " + next
	}
	if strings.ContainsAny(first[:1], "|<`*#->[") || len(first) > 250 {
		return "", "", fmt.Errorf("the first line of %s does not say what it is for: %q", file, first)
	}
	return title, strings.TrimSuffix(first, ".") + ".", nil
}
