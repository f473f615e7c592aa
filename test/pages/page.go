package pages

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// Page is a page with its fenced blocks, in order.
type Page struct {
	// Path is the page's path in the repository, with slashes.
	Path   string
	Blocks []Block
}

// List are the pages whose commands are run, in the order in which a new admin reads them.
func List() []string {
	return []string{"README.md", "docs/install.md", "docs/tls.md", "docs/policy.md", "docs/operations.md", "docs/upgrades.md"}
}

// Read reads and classifies the pages of the checkout with this root.
func Read(root string, paths []string) ([]Page, error) {
	var all []Page
	for _, path := range paths {
		source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			return nil, fmt.Errorf("reading a page: %w", err)
		}
		page, err := Parse(path, source)
		if err != nil {
			return nil, err
		}
		all = append(all, page)
	}
	return all, nil
}

// Parse finds the fenced blocks of a page and classifies each.
func Parse(path string, source []byte) (Page, error) {
	page := Page{Path: path}
	document := goldmark.DefaultParser().Parse(text.NewReader(source))
	err := ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch found := node.(type) {
		case *ast.FencedCodeBlock:
			block, err := newBlock(path, source, found)
			if err != nil {
				return ast.WalkStop, err
			}
			page.Blocks = append(page.Blocks, block)
		case *ast.CodeBlock:
			return ast.WalkStop, fmt.Errorf("%s:%d: an indented code block: write it with a fence", path, lineOf(source, startOf(found)))
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return Page{}, err
	}
	return page, nil
}

func newBlock(path string, source []byte, node *ast.FencedCodeBlock) (Block, error) {
	block := Block{Line: lineOf(source, startOf(node)), Language: string(node.Language(source)), Text: string(linesOf(node, source))}
	if node.Lines().Len() == 0 {
		return Block{}, fmt.Errorf("%s: an empty block of %q", path, block.Language)
	}
	if err := block.direct(commentsAbove(node, source)); err != nil {
		return Block{}, fmt.Errorf("%s:%d: %w", path, block.Line, err)
	}
	if err := block.classify(); err != nil {
		return Block{}, fmt.Errorf("%s:%d: %w", path, block.Line, err)
	}
	return block, nil
}

// commentsAbove are the comments between a block and the text above it.
func commentsAbove(node ast.Node, source []byte) string {
	content := ""
	for {
		comment, ok := node.PreviousSibling().(*ast.HTMLBlock)
		if !ok || comment.HTMLBlockType != ast.HTMLBlockType2 {
			return content
		}
		above := string(linesOf(comment, source))
		if comment.HasClosure() {
			above += string(comment.ClosureLine.Value(source))
		}
		content, node = above+"\n"+content, comment
	}
}

// startOf is where the first line of a block's content begins.
func startOf(node ast.Node) int {
	if node.Lines().Len() == 0 {
		return 0
	}
	return node.Lines().At(0).Start
}

func linesOf(node ast.Node, source []byte) []byte {
	var content []byte
	for i := range node.Lines().Len() {
		segment := node.Lines().At(i)
		content = append(content, segment.Value(source)...)
	}
	return content
}

// lineOf is the number of the line at an offset, as editors count.
func lineOf(source []byte, offset int) int { return bytes.Count(source[:offset], []byte("\n")) + 1 }

// indentation is what stands before each line of a block in a list item.
func (p Page) indentation(source []string, block Block) string {
	line := source[block.Line-1]
	return line[:len(line)-len(strings.TrimLeft(line, " "))]
}
