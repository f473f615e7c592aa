package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	yamlnode "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// Document is one document of a source, as it stands there.
type Document struct {
	Source *Source
	// Template is the file of a chart that Helm made the document of, or the kustomization that was built; empty where that is not
	// known.
	Template string
	// Text is the document as it is read: spaces take the place of what separates it from others. Line is the number of its first
	// line in the source.
	Text []byte
	Line int
	// Start and End are where it stands in the text of the source, in bytes. YAML has as many there as in Text.
	Start, End int
	// Objects is how many objects it holds.
	Objects int
	// Root is the tree of the document; nil where it is no YAML.
	Root *yamlnode.Node
	// isJSON reports that the document was written as JSON.
	isJSON bool
}

var (
	bom       = []byte("\ufeff")
	separator = []byte("---")
)

// split finds the documents of a source. JSON that is written without separators is one document for each value.
func (s *Source) split() {
	start := 0
	if bytes.HasPrefix(s.Text, bom) {
		start = len(bom)
	}
	all, isJSON := jsonValues(s.Text[start:])
	if !isJSON {
		all = yamlDocuments(s.Text[start:])
	}
	for _, d := range all {
		d.Source = s
		d.Start, d.End = d.Start+start, d.End+start
		if d.Template = s.template; d.Template == "" {
			d.Template = templateIn(d.Text)
		}
	}
	s.Documents = all
}

func yamlDocuments(text []byte) []*Document {
	var all []*Document
	current := &Document{Line: 1}
	number, offset := 0, 0
	for line := range bytes.Lines(text) {
		number++
		if number > 1 && bytes.HasPrefix(line, bom) && current.isEmpty(text[:offset]) {
			// Files that were joined. What stands before it in the document is space.
			line = line[len(bom):]
			offset += len(bom)
			*current = Document{Line: number, Start: offset}
		}
		if isSeparator(line) {
			if current.read(text[:offset]); !current.onlyDirectives() {
				all = append(all, current)
			}
			current = &Document{Line: number, Start: offset}
		}
		offset += len(line)
	}
	current.read(text)
	return append(all, current)
}

// isSeparator reports whether the first line of a text begins with the mark of a new document.
func isSeparator(text []byte) bool {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	rest, ok := bytes.CutPrefix(line, separator)
	return ok && (len(bytes.TrimSpace(rest)) == 0 || bytes.ContainsAny(rest[:1], " \t"))
}

// isEmpty reports whether a document that ends where the text does has nothing but space.
func (d *Document) isEmpty(text []byte) bool {
	text = text[d.Start:]
	if isSeparator(text) {
		text = text[len(separator):]
	}
	return len(bytes.TrimSpace(text)) == 0
}

// read takes a document that ends where the text does.
func (d *Document) read(text []byte) {
	d.End = len(text)
	d.Text = bytes.Clone(text[d.Start:])
	if isSeparator(d.Text) {
		// What follows the mark on its line belongs to the document; the mark itself leaves its columns.
		copy(d.Text, "   ")
	}
}

// onlyDirectives reports whether a document has nothing but directives such as %YAML, which stand before the separator.
func (d *Document) onlyDirectives() bool {
	directive := false
	for line := range bytes.Lines(d.Text) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0, line[0] == '#':
		case line[0] == '%':
			directive = true
		default:
			return false
		}
	}
	return directive
}

// sourceComment is how Helm names the template above each document that it prints.
var sourceComment = regexp.MustCompile(`(?m)\A\s*^# Source: (\S.*?)\s*$`)

func templateIn(text []byte) string {
	if found := sourceComment.FindSubmatch(text[:min(len(text), maxSourceComment)]); found != nil {
		return string(found[1])
	}
	return ""
}

// maxSourceComment is how far a document is searched for it: a path is shorter.
const maxSourceComment = 4096

func jsonValues(text []byte) ([]*Document, bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	var all []*Document
	for {
		var value json.RawMessage
		switch err := decoder.Decode(&value); {
		case errors.Is(err, io.EOF):
			return all, len(all) > 0
		case err != nil:
			return nil, false
		}
		end := int(decoder.InputOffset())
		start := end - len(value)
		// The columns of the first line count from the line's beginning. Tabs stand only between values, where spaces are as good,
		// and YAML does not take them.
		pad := bytes.Repeat([]byte(" "), start-1-bytes.LastIndexByte(text[:start], '\n'))
		value = bytes.ReplaceAll(value, []byte("\t"), []byte(" "))
		all = append(all, &Document{isJSON: true, Text: append(pad, value...), Line: 1 + bytes.Count(text[:start], []byte("\n")), Start: start, End: end})
	}
}

// placed is an object and its place in the document.
type placed struct {
	*unstructured.Unstructured
	place shape.Place
}

// errNoObject is the error of a document that has nothing of an object of Kubernetes.
var errNoObject = errors.New("no object of Kubernetes: it has no kind")

// objects are those of a document; a List is opened, however deep. What is wrong with it comes with what could be read.
func (d *Document) objects(v *values) ([]placed, []error) {
	if err := d.parse(); err != nil {
		return nil, []error{d.unreadable(err)}
	}
	if d.Root == nil {
		return nil, nil
	}
	errs := d.duplicates(d.Root, nil)
	value, err := v.read(d)
	if err != nil {
		return nil, append(errs, d.unreadable(err))
	}
	members, _ := value.(map[string]any)
	object := &unstructured.Unstructured{Object: members}
	if object.GetKind() == "" {
		if object.GetAPIVersion() != "" {
			return nil, append(errs, d.errorf(nil, "it has an apiVersion and no kind"))
		}
		return nil, append(errs, fmt.Errorf("%s: %w", d.Position(nil), errNoObject))
	}
	if template := firstTemplate(object); template != "" {
		return nil, append(errs, d.errorf(shape.Members("metadata", "name"), "metadata.name is %q: %s", template, renderIt))
	}
	all := opened(placed{object, nil}, schemaHint{})
	d.Objects = len(all)
	return all, errs
}

// parse makes the tree of a document that has something in it.
func (d *Document) parse() error {
	var node yamlnode.Node
	err := yamlnode.Unmarshal(d.Text, &node)
	if err != nil && d.isJSON {
		if err = yamlnode.Unmarshal(withoutEscapes(d.Text), &node); err == nil {
			unfill(&node)
		}
	}
	if err != nil || len(node.Content) == 0 || node.Content[0].Tag == "!!null" {
		return err
	}
	d.Root = node.Content[0]
	return nil
}

// duplicates finds keys that stand twice in one mapping: only the last would count. The place is where the search is.
func (d *Document) duplicates(node *yamlnode.Node, place shape.Place) []error {
	var errs []error
	switch node.Kind {
	case yamlnode.MappingNode:
		seen := make(map[string]*yamlnode.Node, len(node.Content)/2)
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if first, twice := seen[key.Value]; twice && key.Tag != mergeTag {
				errs = append(errs, fmt.Errorf("%s: %s stands here and on line %d: only the last counts, remove one",
					d.positionOf(key), place.With(key.Value).Path(), d.positionOf(first).Line))
			}
			seen[key.Value] = key
			if below := node.Content[i+1]; holdsMore(below) {
				errs = append(errs, d.duplicates(below, append(place, key.Value))...)
			}
		}
	case yamlnode.SequenceNode:
		for i, below := range node.Content {
			if holdsMore(below) {
				errs = append(errs, d.duplicates(below, append(place, i))...)
			}
		}
	case yamlnode.DocumentNode, yamlnode.ScalarNode, yamlnode.AliasNode:
		// These hold no keys of their own.
	}
	return errs
}

// holdsMore reports whether a node is a mapping or a list.
func holdsMore(node *yamlnode.Node) bool {
	return node.Kind == yamlnode.MappingNode || node.Kind == yamlnode.SequenceNode
}

// schemaHint is what the items of a typed list leave out: a DeploymentList says the kind of all.
type schemaHint struct{ apiVersion, kind string }

// opened gives the object, or the items of a List and of Lists in it.
func opened(object placed, hint schemaHint) []placed {
	if object.GetKind() == "" && hint.kind != "" {
		object.SetAPIVersion(hint.apiVersion)
		object.SetKind(hint.kind)
	}
	items, isList := object.Object["items"].([]any)
	if !isList || !strings.HasSuffix(object.GetKind(), "List") {
		return []placed{object}
	}
	below := schemaHint{object.GetAPIVersion(), strings.TrimSuffix(object.GetKind(), "List")}
	var all []placed
	for i, item := range items {
		if members, ok := item.(map[string]any); ok {
			all = append(all, opened(placed{&unstructured.Unstructured{Object: members}, object.place.With("items", i)}, below)...)
		}
	}
	return all
}
