package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	yamlnode "go.yaml.in/yaml/v3"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// values makes of trees of YAML the values that kubectl reads there. kubectl reads YAML 1.1, in which yes is true and 010 is eight,
// and our parser is one of YAML 1.2: from it are the tree and its positions, never what a text without quotes stands for.
//
// JSON is read as JSON, as kubectl does. Trees of what people and programs write every day are read as they are. For all else, tags, anchors and merge keys among
// them, the text is parsed once more, by kubectl's own parser.
type values struct {
	// scalars are texts without quotes that could stand for something else than themselves, with what kubectl reads there.
	scalars map[string]any
}

// errUncommon is the error of a tree that only kubectl's parser reads.
var errUncommon = errors.New("not the YAML of every day")

// deepest is how deep a tree may be: those of Kubernetes' own kinds are not half as deep.
const deepest = 100

// read gives what a document stands for: nil, a bool, an int64, a float64, a string, or a map or a list of these.
func (v *values) read(d *Document) (any, error) {
	if d.isJSON {
		return fromJSON(d.Text)
	}
	if !hidesSomething(d.Text) {
		if value, err := v.of(d.Root, deepest); err == nil {
			return value, nil
		}
	}
	text, err := yaml.YAMLToJSON(d.Text)
	if err != nil {
		return nil, err
	}
	return fromJSON(text)
}

func fromJSON(text []byte) (value any, err error) {
	err = utiljson.Unmarshal(text, &value)
	return value, err
}

// hidesSomething reports whether there may be more to a text than its tree shows: tabs, which our parser takes in more places than
// kubectl's, or the tag "!", which makes a text of a number and leaves no trace.
func hidesSomething(text []byte) bool {
	if bytes.IndexByte(text, '\t') >= 0 {
		return true
	}
	for rest := text; ; {
		i := bytes.IndexByte(rest, '!')
		if i < 0 {
			return false
		}
		begins := i == 0 || rest[i-1] >= utf8.RuneSelf || strings.IndexByte(" \r\n[{,:", rest[i-1]) >= 0
		ends := i+1 == len(rest) || rest[i+1] >= utf8.RuneSelf || strings.IndexByte(" \r\n", rest[i+1]) >= 0
		if begins && ends {
			return true
		}
		rest = rest[i+1:]
	}
}

func (v *values) of(node *yamlnode.Node, depth int) (any, error) {
	switch {
	case depth == 0, node.Style&yamlnode.TaggedStyle != 0:
		return nil, errUncommon
	case node.Kind == yamlnode.MappingNode:
		return v.mapping(node, depth)
	case node.Kind == yamlnode.SequenceNode:
		all := make([]any, len(node.Content))
		for i, each := range node.Content {
			var err error
			if all[i], err = v.of(each, depth-1); err != nil {
				return nil, err
			}
		}
		return all, nil
	case node.Kind == yamlnode.ScalarNode:
		return v.scalar(node)
	default:
		return nil, errUncommon
	}
}

func (v *values) mapping(node *yamlnode.Node, depth int) (any, error) {
	all := make(map[string]any, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yamlnode.ScalarNode || key.Style&yamlnode.TaggedStyle != 0 || key.Value == "<<" {
			return nil, errUncommon
		}
		name, err := v.scalar(key)
		if err != nil {
			return nil, err
		}
		text, isText := name.(string)
		if !isText {
			return nil, errUncommon
		}
		if all[text], err = v.of(node.Content[i+1], depth-1); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// scalar gives what a text stands for: itself, if it is in quotes.
func (v *values) scalar(node *yamlnode.Node) (any, error) {
	if node.Style != 0 || isPlainText(node.Value) {
		return node.Value, nil
	}
	if value, known := v.scalars[node.Value]; known {
		return value, nil
	}
	// As an item of a list no text has a meaning for the structure of YAML.
	text, err := yaml.YAMLToJSON([]byte("- " + node.Value))
	if err != nil {
		return nil, errUncommon
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil || len(list) != 1 {
		return nil, errUncommon
	}
	value, err := fromJSON(list[0])
	if err != nil || isCollection(value) {
		return nil, errUncommon
	}
	if v.scalars == nil {
		v.scalars = map[string]any{}
	}
	v.scalars[node.Value] = value
	return value, nil
}

func isCollection(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return true
	default:
		return false
	}
}

// longestWord is the length of the longest word that stands for something else than itself: false, among "yes", "null" and others
// (https://yaml.org/type/bool.html, https://yaml.org/type/null.html).
const longestWord = 5

// isPlainText reports whether a text without quotes can only stand for itself: it is no such word, and no number, which begins with a
// digit, a sign or a point. Points in time are texts for kubectl.
func isPlainText(text string) bool {
	if strings.ContainsAny(text, ": \t\n") {
		return true
	}
	return len(text) > longestWord && strings.IndexByte("+-.0123456789", text[0]) < 0
}
