// Command links checks every link of Markdown pages without a network: a file of the repository has to exist, an anchor has
// to be a heading of its page or an <a id>, and an address has to be one that a browser can open.
//
//	links -root DIR PAGE...
package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

func main() {
	root := flag.String("root", ".", "the root of the repository")
	flag.Parse()
	broken, err := check(*root, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "links:", err)
		os.Exit(2)
	}
	for _, each := range broken {
		fmt.Fprintln(os.Stderr, each)
	}
	if len(broken) > 0 {
		os.Exit(1)
	}
}

// page is what others may link to, and what it links to itself.
type page struct {
	anchors map[string]bool
	links   []string
}

// check names every broken link of the pages.
func check(root string, names []string) (broken []string, err error) {
	if len(names) == 0 {
		return nil, errors.New("name the pages to look at")
	}
	known := map[string]*page{}
	for _, name := range names {
		if known[filepath.Clean(name)], err = read(root, name); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		for _, link := range known[name].links {
			if wrong := judge(root, name, link, known); wrong != "" {
				broken = append(broken, fmt.Sprintf("%s: %s: %s", name, link, wrong))
			}
		}
	}
	return broken, nil
}

// judge says what is wrong with a link of a page.
func judge(root, name, link string, known map[string]*page) string {
	target, err := url.Parse(link)
	switch {
	case err != nil:
		return "it cannot be parsed"
	case target.Scheme == "" && target.Host == "":
		return judgeFile(root, name, target, known)
	case target.Scheme == "mailto" && target.Opaque != "", strings.HasPrefix(target.Scheme, "http") && strings.Contains(target.Host, "."):
		return ""
	}
	return "it is no address that a browser opens"
}

// judgeFile says what is wrong with a link to a file of the repository, or to the page itself.
func judgeFile(root, name string, target *url.URL, known map[string]*page) string {
	file := filepath.Clean(name)
	if target.Path != "" {
		file = filepath.Join(filepath.Dir(name), filepath.FromSlash(target.Path))
	}
	if strings.HasPrefix(file, "..") || strings.HasPrefix(target.Path, "/") {
		return "it leaves the repository"
	}
	if _, err := os.Stat(filepath.Join(root, file)); err != nil { //nolint:gosec // below the root, as was just seen
		return "there is no such file"
	}
	to, exists := known[file]
	switch {
	case target.Fragment == "":
		return ""
	case !exists:
		return "only pages that are checked themselves have anchors"
	case !to.anchors[target.Fragment]:
		return "the page has no such heading"
	}
	return ""
}

// named finds anchors that are written as HTML.
var named = regexp.MustCompile(`<a (?:id|name)="([^"]+)"`)

// read parses a page as GitHub does.
func read(root, name string) (*page, error) {
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return nil, fmt.Errorf("reading a page: %w", err)
	}
	p := &page{anchors: map[string]bool{}}
	document := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(content))
	err = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := node.(type) {
		case *ast.Heading:
			p.addHeading(plain(n, content))
		case *ast.Link:
			p.links = append(p.links, string(n.Destination))
		case *ast.Image:
			p.links = append(p.links, string(n.Destination))
		case *ast.AutoLink:
			p.links = append(p.links, string(n.URL(content)))
		case *ast.RawHTML, *ast.HTMLBlock:
			for _, found := range named.FindAllStringSubmatch(source(n, content), -1) {
				p.anchors[found[1]] = true
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// addHeading adds the anchor of a heading, numbered if there is one like it already.
func (p *page) addHeading(title string) {
	anchor := slug(title)
	for n := 0; ; n++ {
		candidate := anchor
		if n > 0 {
			candidate = fmt.Sprintf("%s-%d", anchor, n)
		}
		if !p.anchors[candidate] {
			p.anchors[candidate] = true
			return
		}
	}
}

// slug is a title as GitHub writes it into addresses.
func slug(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, strings.TrimSpace(title))
}

// plain is the text of a node without its marks.
func plain(node ast.Node, content []byte) string {
	var all strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, is := n.(*ast.Text); is && entering {
			all.Write(t.Segment.Value(content))
		}
		return ast.WalkContinue, nil
	})
	return all.String()
}

// source is the HTML of a node.
func source(node ast.Node, content []byte) string {
	var segments *text.Segments
	switch n := node.(type) {
	case *ast.RawHTML:
		segments = n.Segments
	default:
		segments = n.Lines()
	}
	var all strings.Builder
	for i := range segments.Len() {
		segment := segments.At(i)
		all.Write(segment.Value(content))
	}
	return all.String()
}
