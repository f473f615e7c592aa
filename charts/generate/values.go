package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is one value of the chart, or a mapping of values.
type value struct {
	// path is its place, such as webhook.failurePolicy, and name the last part of that.
	path, name string
	// heading is the last line "##@ …" above it; only outermost values have one.
	heading string
	// description is the comment right above it, as one paragraph.
	description string
	// fallback is the default, as JSON values.
	fallback any
	// members are those of a mapping that is not empty.
	members []value
}

// headingMark begins a line that is a heading of README.md.
const headingMark = "##@ "

// parseValues reads values.yaml in its own order. Every outermost value must say what it is.
func parseValues(content []byte) ([]value, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, fmt.Errorf("reading values.yaml: %w", err)
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("values.yaml: must be one mapping")
	}
	parser := valuesParser{lines: strings.Split(string(content), "\n")}
	values, err := parser.members(document.Content[0], "")
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		values[i].heading = parser.headings[i]
		if v.description == "" && !anyDescribed(v.members) {
			return nil, fmt.Errorf("values.yaml: %s needs a comment that says what it is", v.path)
		}
	}
	return values, nil
}

func anyDescribed(values []value) bool {
	for _, v := range values {
		if v.description != "" || anyDescribed(v.members) {
			return true
		}
	}
	return false
}

// valuesParser has the text, because YAML parsers disagree about which value a comment belongs to.
type valuesParser struct {
	lines []string
	// headings are those of the outermost values.
	headings []string
}

func (p *valuesParser) members(mapping *yaml.Node, above string) ([]value, error) {
	var values []value
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, node := mapping.Content[i], mapping.Content[i+1]
		v := value{name: key.Value, path: strings.TrimPrefix(above+"."+key.Value, "."), description: p.comment(key.Line)}
		if above == "" {
			p.headings = append(p.headings, p.heading(key.Line))
		}
		if err := node.Decode(&v.fallback); err != nil {
			return nil, fmt.Errorf("values.yaml: %s: %w", v.path, err)
		}
		if node.Kind == yaml.MappingNode && len(node.Content) > 0 {
			members, err := p.members(node, v.path)
			if err != nil {
				return nil, err
			}
			v.members = members
		}
		values = append(values, v)
	}
	return values, nil
}

// comment is the block of comment lines right above a line, which counts from 1.
func (p *valuesParser) comment(line int) string {
	first := line - 1
	for first > 0 && strings.HasPrefix(strings.TrimSpace(p.lines[first-1]), "# ") {
		first--
	}
	var words []string
	for _, l := range p.lines[first : line-1] {
		words = append(words, strings.TrimPrefix(strings.TrimSpace(l), "# "))
	}
	return strings.Join(words, " ")
}

// heading is the last one above a line.
func (p *valuesParser) heading(line int) string {
	for i := line - 1; i >= 0; i-- {
		if text, ok := strings.CutPrefix(p.lines[i], headingMark); ok {
			return text
		}
	}
	return ""
}

// fallbackJSON is the default as people write it on one line.
func (v value) fallbackJSON() (string, error) {
	text, err := json.Marshal(v.fallback)
	if err != nil {
		return "", fmt.Errorf("%s: %w", v.path, err)
	}
	return string(text), nil
}
