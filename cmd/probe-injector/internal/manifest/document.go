package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	yamlnode "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// document is one document of a source.
type document struct {
	text []byte
	// line is the number of its first line in the source.
	line int
}

// documents splits a source. JSON that is written without separators is one document for each value.
func (s *source) documents() []document {
	if values, ok := jsonValues(s.text); ok {
		return values
	}
	var all []document
	current := document{line: 1}
	number := 0
	for line := range bytes.Lines(s.text) {
		number++
		if rest, ok := bytes.CutPrefix(line, []byte("---")); ok && (len(bytes.TrimSpace(rest)) == 0 || bytes.ContainsAny(rest[:1], " \t")) {
			all = append(all, current)
			current = document{line: number}
			// What follows the mark on its line belongs to the document; the mark itself leaves its columns.
			line = append([]byte("   "), rest...)
		}
		current.text = append(current.text, line...)
	}
	return append(all, current)
}

func jsonValues(text []byte) ([]document, bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	var all []document
	for {
		var value json.RawMessage
		switch err := decoder.Decode(&value); {
		case errors.Is(err, io.EOF):
			return all, len(all) > 0
		case err != nil:
			return nil, false
		}
		end := int(decoder.InputOffset())
		all = append(all, document{value, 1 + bytes.Count(text[:end-len(value)], []byte("\n"))})
	}
}

// objects are those of a document; a List is opened, however deep. What is wrong with it comes with what could be read.
func (d *document) objects() ([]*unstructured.Unstructured, []error) {
	var node yamlnode.Node
	if err := yamlnode.Unmarshal(d.text, &node); err != nil {
		return nil, []error{d.unreadable(err)}
	}
	if len(node.Content) == 0 || node.Content[0].Tag == "!!null" {
		return nil, nil
	}
	errs := d.duplicates(node.Content[0], nil)
	asJSON, err := yaml.YAMLToJSON(d.text)
	if err != nil {
		return nil, append(errs, d.unreadable(err))
	}
	object := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(asJSON, &object.Object); err != nil || object.GetKind() == "" {
		return nil, append(errs, fmt.Errorf("line %d: no object of Kubernetes: it has no kind", d.line+node.Content[0].Line-1))
	}
	if template := firstTemplate(object); template != "" {
		return nil, append(errs, fmt.Errorf("%s is %q: %s", "metadata.name", template, renderIt))
	}
	return opened(object, schemaHint{}), errs
}

// renderIt is what to do with a template.
const renderIt = `this is a template and no manifest: render it first, for example helm template CHART | probe-injector explain -f -`

// opensTemplate is how templates of Helm and Go begin an action.
const opensTemplate = "{{"

// firstTemplate is a name that would be a template's.
func firstTemplate(object *unstructured.Unstructured) string {
	name, _, _ := unstructured.NestedString(object.Object, "metadata", "name")
	if strings.Contains(name, opensTemplate) {
		return name
	}
	return ""
}

// lineInError is where the parser names a line.
var lineInError = regexp.MustCompile(`line ([0-9]+)`)

// unreadable says why a document is no YAML, with the line in the source.
func (d *document) unreadable(err error) error {
	if at := bytes.Index(d.text, []byte(opensTemplate)); at >= 0 {
		return fmt.Errorf("line %d: %q: %s", d.line+bytes.Count(d.text[:at], []byte("\n")), opensTemplate, renderIt)
	}
	moved := lineInError.ReplaceAllStringFunc(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "), func(found string) string {
		number, _ := strconv.Atoi(strings.TrimPrefix(found, "line "))
		return "line " + strconv.Itoa(number+d.line-1)
	})
	return errors.New(moved)
}

// duplicates finds keys that stand twice in one mapping: only the last would count.
func (d *document) duplicates(node *yamlnode.Node, place shape.Place) []error {
	var errs []error
	switch node.Kind {
	case yamlnode.MappingNode:
		seen := map[string]int{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			here := place.With(key.Value)
			if first, twice := seen[key.Value]; twice && key.Tag != "!!merge" {
				errs = append(errs, fmt.Errorf("line %d: %s stands here and on line %d: only the last counts, remove one", d.line+key.Line-1, here.Path(), first))
			}
			seen[key.Value] = d.line + key.Line - 1
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
func opened(object *unstructured.Unstructured, hint schemaHint) []*unstructured.Unstructured {
	if object.GetKind() == "" && hint.kind != "" {
		object.SetAPIVersion(hint.apiVersion)
		object.SetKind(hint.kind)
	}
	items, isList := object.Object["items"].([]any)
	if !isList || !strings.HasSuffix(object.GetKind(), "List") {
		return []*unstructured.Unstructured{object}
	}
	below := schemaHint{object.GetAPIVersion(), strings.TrimSuffix(object.GetKind(), "List")}
	var all []*unstructured.Unstructured
	for _, item := range items {
		if members, ok := item.(map[string]any); ok {
			all = append(all, opened(&unstructured.Unstructured{Object: members}, below)...)
		}
	}
	return all
}
