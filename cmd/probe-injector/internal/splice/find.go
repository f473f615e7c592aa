package splice

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// found is a mapping or a list at a place, and how it is written.
type found struct {
	node *yaml.Node
	// bound is the first line that belongs to what comes after it.
	bound int
	// step is by how much members are indented here, and compact whether the dashes of lists are not.
	step    int
	compact bool
}

// member is a member of a mapping.
type member struct {
	key, value *yaml.Node
	outer      int
	bound      int
}

// usualStep is by how much most people indent.
const usualStep = 2

// find goes to a place. All on the way has to be written in lines of its own.
func (l *layout) find(place shape.Place) (found, error) {
	at := found{node: l.root, bound: l.bound, step: usualStep, compact: true}
	if at.node.Kind == yaml.DocumentNode && len(at.node.Content) == 1 {
		at.node = at.node.Content[0]
	}
	if err := inLines(at.node); err != nil {
		return at, err
	}
	for i, step := range place {
		outer := indentOf(at.node)
		if err := l.into(&at, step, place[:i+1]); err != nil {
			return at, err
		}
		if err := inLines(at.node); err != nil {
			return at, err
		}
		_, named := step.(string)
		if by := indentOf(at.node) - outer; named && at.node.Kind == yaml.MappingNode && len(at.node.Content) > 0 && by > 0 {
			at.step = by
		}
	}
	return at, nil
}

// into takes one step, to a place.
func (l *layout) into(at *found, step any, place shape.Place) error {
	outer := indentOf(at.node)
	switch step := step.(type) {
	case string:
		m, err := l.member(at, step)
		if err != nil {
			return err
		}
		at.node, at.bound = m.value, m.bound
		if m.value.Kind == yaml.SequenceNode {
			at.compact = indentOf(m.value) == outer
		}
	case int:
		if at.node.Kind != yaml.SequenceNode || step >= len(at.node.Content) {
			return fmt.Errorf("%s is not there", place.Path())
		}
		if step+1 < len(at.node.Content) {
			at.bound = l.dash(at.node, step+1)
		}
		at.node = at.node.Content[step]
	}
	return nil
}

// dash is the line of the dash in front of an item, which may stand above the item.
func (l *layout) dash(list *yaml.Node, index int) int {
	number := list.Content[index].Line
	for above := number; above > list.Content[index-1].Line; above-- {
		if text := l.at(above, list.Column); len(text) > 0 && text[0] == '-' && (len(text) == 1 || text[1] == ' ' || text[1] == '\t') {
			return above
		}
	}
	return number
}

// member finds a member of a mapping by its name.
func (l *layout) member(of *found, name string) (member, error) {
	content := of.node.Content
	if of.node.Kind != yaml.MappingNode {
		return member{}, fmt.Errorf("%s: not in a mapping", name)
	}
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Value != name {
			continue
		}
		m := member{content[i], content[i+1], indentOf(of.node), of.bound}
		if i+2 < len(content) {
			m.bound = content[i+2].Line
		}
		return m, nil
	}
	return member{}, &RefusedError{max(1, of.node.Line), name + " is not written here, but comes from somewhere else"}
}

// inLines refuses what is not written in lines that belong to it alone.
func inLines(node *yaml.Node) error {
	refused := &RefusedError{Line: max(1, node.Line)}
	switch {
	case node.Kind == yaml.AliasNode:
		refused.Why = "*" + node.Value + " repeats what is written elsewhere"
	case node.Anchor != "":
		refused.Why = "&" + node.Anchor + " lets other places repeat what is written here"
	case len(node.Content) > 0 && !isBlock(node):
		refused.Why = "written in flow style, with brackets"
	case node.Kind == yaml.MappingNode && mergeKey(node) != nil:
		refused.Line, refused.Why = mergeKey(node).Line, "a merge key brings in what is written elsewhere"
	default:
		return nil
	}
	return refused
}

// mergeKey is a mapping's "<<".
func mergeKey(mapping *yaml.Node) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Tag == "!!merge" {
			return mapping.Content[i]
		}
	}
	return nil
}
