package splice

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	sigsyaml "sigs.k8s.io/yaml"
)

// style is how the lines around are written.
type style struct {
	indent, step int
	compact      bool
	ending       string
}

// text is the member in lines.
func (m *Member) text(s style) ([]byte, error) {
	value, err := nodeOf(m.Value)
	if err != nil {
		return nil, err
	}
	var name yaml.Node
	name.SetString(m.Name)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(s.step)
	if s.compact {
		encoder.CompactSeqIndent()
	}
	if err := encoder.Encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{&name, value}}); err != nil {
		return nil, err
	}
	var lines bytes.Buffer
	for text := range strings.Lines(out.String()) {
		if text = strings.TrimSuffix(text, "\n"); text != "" {
			lines.WriteString(strings.Repeat(" ", s.indent))
		}
		lines.WriteString(text + s.ending)
	}
	return lines.Bytes(), nil
}

// nodeOf makes a node of a value, whose members stay in the order that its JSON has.
func nodeOf(value any) (*yaml.Node, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	return document.Content[0], inBlockStyle(document.Content[0])
}

// inBlockStyle takes brackets away, and the quotes that a text does not need.
func inBlockStyle(node *yaml.Node) error {
	for _, below := range node.Content {
		if err := inBlockStyle(below); err != nil {
			return err
		}
	}
	if node.Kind != yaml.ScalarNode || node.Tag != "!!str" {
		node.Style = 0
		return nil
	}
	// The encoder quotes a text of Go's also where only YAML 1.1 takes it for something else, such as "yes".
	return node.Encode(node.Value)
}

// jsonIndent is that of kubectl's JSON.
const jsonIndent = "    "

// Encode makes the change by writing the whole document anew, as JSON if it is JSON. Comments, and the order of members, do
// not survive.
func Encode(text []byte, change Change) ([]byte, error) {
	want, err := expected(text, change)
	if err != nil {
		return nil, err
	}
	mark, body := opened(text)
	out, err := encode(want, json.Valid(body))
	if err != nil {
		return nil, err
	}
	if got, err := decode(out); err != nil || !reflect.DeepEqual(got, want) {
		return nil, &RefusedError{1, "what is written anew reads as something else"}
	}
	head := slices.Clone(mark)
	if separatorLength(text[len(mark):]) > 0 {
		head = append(head, separator+"\n"...)
	}
	return append(head, out...), nil
}

func encode(document any, asJSON bool) ([]byte, error) {
	if !asJSON {
		return sigsyaml.Marshal(document)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", jsonIndent)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(document)
	return out.Bytes(), err
}
