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
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

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
		end := offset + len(line)
		if number > 1 && len(bytes.TrimSpace(current.Text)) == 0 && bytes.HasPrefix(line, bom) {
			// Files that were joined. What stands before it in the document is space.
			line = line[len(bom):]
			current.Text, current.Line, current.Start = nil, number, offset+len(bom)
		}
		if rest, ok := bytes.CutPrefix(line, separator); ok && (len(bytes.TrimSpace(rest)) == 0 || bytes.ContainsAny(rest[:1], " \t")) {
			if !current.onlyDirectives() {
				all = append(all, current)
			}
			current = &Document{Line: number, Start: offset}
			// What follows the mark on its line belongs to the document; the mark itself leaves its columns.
			line = append(bytes.Repeat([]byte(" "), len(separator)), rest...)
		}
		current.Text = append(current.Text, line...)
		offset, current.End = end, end
	}
	return append(all, current)
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
		all = append(all, &Document{Text: append(pad, value...), Line: 1 + bytes.Count(text[:start], []byte("\n")), Start: start, End: end})
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
func (d *Document) objects() ([]placed, []error) {
	var node yamlnode.Node
	if err := yamlnode.Unmarshal(d.Text, &node); err != nil {
		return nil, []error{d.unreadable(err)}
	}
	if len(node.Content) == 0 || node.Content[0].Tag == "!!null" {
		return nil, nil
	}
	d.Root = node.Content[0]
	errs := d.duplicates(d.Root, nil)
	asJSON, err := yaml.YAMLToJSON(d.Text)
	if err != nil {
		return nil, append(errs, d.unreadable(err))
	}
	object := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(asJSON, &object.Object); err != nil || object.GetKind() == "" {
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

// duplicates finds keys that stand twice in one mapping: only the last would count.
func (d *Document) duplicates(node *yamlnode.Node, place shape.Place) []error {
	var errs []error
	switch node.Kind {
	case yamlnode.MappingNode:
		seen := make(map[string]*yamlnode.Node, len(node.Content)/2)
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			here := place.With(key.Value)
			if first, twice := seen[key.Value]; twice && key.Tag != "!!merge" {
				errs = append(errs, fmt.Errorf("%s: %s stands here and on line %d: only the last counts, remove one",
					d.positionOf(key), here.Path(), d.positionOf(first).Line))
			}
			seen[key.Value] = key
			errs = append(errs, d.duplicates(node.Content[i+1], here)...)
		}
	case yamlnode.SequenceNode:
		for i, each := range node.Content {
			errs = append(errs, d.duplicates(each, place.With(i))...)
		}
	case yamlnode.DocumentNode, yamlnode.ScalarNode, yamlnode.AliasNode:
		// These hold no keys of their own.
	}
	return errs
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
