package manifest

import (
	"fmt"

	yamlnode "go.yaml.in/yaml/v3"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
	"github.com/probe-injector/probe-injector/policy/shape"
)

// Position is where something stands in the source: the key of a member, the beginning of an item. What is not there has the
// position of what it would stand in.
func (d *Document) Position(place shape.Place) finding.Position {
	for {
		key, value := d.Find(place)
		switch {
		case key != nil:
			return d.positionOf(key)
		case value != nil:
			return d.positionOf(value)
		case len(place) == 0:
			return finding.Position{File: d.Source.Name, Line: d.Line, Template: d.Template}
		}
		place = place[:len(place)-1]
	}
}

func (d *Document) positionOf(node *yamlnode.Node) finding.Position {
	return finding.Position{File: d.Source.Name, Line: d.Line + node.Line - 1, Column: node.Column, Template: d.Template}
}

// errorf is an error about what stands at a place, with its position first.
func (d *Document) errorf(place shape.Place, format string, args ...any) error {
	return fmt.Errorf("%s: "+format, append([]any{d.Position(place)}, args...)...)
}

// Find gives the nodes at a place: the key, which only members of mappings have, and the value. Both are nil where there is nothing.
func (d *Document) Find(place shape.Place) (key, value *yamlnode.Node) {
	value = d.Root
	for _, step := range place {
		if value != nil && value.Kind == yamlnode.AliasNode {
			value = value.Alias
		}
		if key, value = into(value, step); value == nil {
			return nil, nil
		}
	}
	return key, value
}

// into takes one step into a node.
func into(node *yamlnode.Node, step any) (key, value *yamlnode.Node) {
	if node == nil {
		return nil, nil
	}
	switch step := step.(type) {
	case int:
		if node.Kind == yamlnode.SequenceNode && step < len(node.Content) {
			return nil, node.Content[step]
		}
	case string:
		if node.Kind == yamlnode.MappingNode {
			return member(node, step)
		}
	}
	return nil, nil
}

// member finds a member of a mapping: of several the last, as decoding does, and of none the one that is merged into it.
func member(mapping *yamlnode.Node, name string) (key, value *yamlnode.Node) {
	for i := len(mapping.Content) - 2; i >= 0; i -= 2 {
		if k := mapping.Content[i]; k.Value == name && k.Tag != mergeTag {
			return k, mapping.Content[i+1]
		}
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Tag != mergeTag {
			continue
		}
		for _, merged := range mergedInto(mapping.Content[i+1]) {
			if key, value = member(merged, name); value != nil {
				return key, value
			}
		}
	}
	return nil, nil
}

// mergeTag is the tag of the key << (https://yaml.org/type/merge.html).
const mergeTag = "!!merge"

// mergedInto are the mappings that the value of a merge key names.
func mergedInto(value *yamlnode.Node) []*yamlnode.Node {
	if value.Kind == yamlnode.AliasNode {
		value = value.Alias
	}
	var all []*yamlnode.Node
	switch value.Kind {
	case yamlnode.MappingNode:
		all = append(all, value)
	case yamlnode.SequenceNode:
		for _, each := range value.Content {
			all = append(all, mergedInto(each)...)
		}
	case yamlnode.DocumentNode, yamlnode.ScalarNode, yamlnode.AliasNode:
		// Nothing can be merged from these.
	}
	return all
}
