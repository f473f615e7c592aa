package splice

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// Edit puts a text in the place of the bytes from Start to End, which are whole lines or nothing.
type Edit struct {
	Start, End int
	Text       []byte
}

// ApplyEdits gives a text with edits, which are in its order.
func ApplyEdits(text []byte, edits []Edit) []byte {
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		out.Write(text[at:e.Start])
		out.Write(e.Text)
		at = e.End
	}
	out.Write(text[at:])
	return out.Bytes()
}

// edits are those that make the change, in the order of the lines.
func (l *layout) edits(change Change, try attempt) ([]Edit, error) {
	after := map[int][]byte{}
	for i := range change.Add {
		m := &change.Add[i]
		if err := l.add(m, try.earlier, after); err != nil {
			return nil, err
		}
	}
	gone, err := l.removals(change.Remove, try.blanks)
	if err != nil {
		return nil, err
	}
	var all []Edit
	for number, text := range after {
		at := l.lines[number-1].next
		all = append(all, Edit{at, at, text})
	}
	for number := range gone {
		all = append(all, Edit{Start: l.lines[number-1].start, End: l.lines[number-1].next})
	}
	// What is added after a line that goes follows it.
	slices.SortFunc(all, func(a, b Edit) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	return all, nil
}

// add finds the line after which a member is written, and its text.
func (l *layout) add(m *Member, earlier int, after map[int][]byte) error {
	at, err := l.find(m.Of)
	if err != nil {
		return err
	}
	mapping := at.node
	if mapping.Kind != yaml.MappingNode || len(mapping.Content) == 0 {
		return &RefusedError{max(1, mapping.Line), "an empty mapping has no line to add others to"}
	}
	if there, err := l.member(&at, m.Name); err == nil {
		return &RefusedError{there.key.Line, m.Name + " is written here, without a value: remove the line"}
	}
	number := l.lineFor(&at, earlier)
	text, err := m.text(style{
		indent: indentOf(mapping), step: at.step, compact: at.compact, ending: l.ending(number),
	})
	if err != nil {
		return err
	}
	if !l.ends(number) {
		// The last line stays the one that does not end.
		ending := l.ending(number)
		text = append([]byte(ending), bytes.TrimSuffix(text, []byte(ending))...)
	}
	after[number] = append(after[number], text...)
	return nil
}

// lineFor is the line after which a member of a mapping can stand: the last line of its last member, or of one before. A
// comment to the right of the keys belongs to what is above it, all others to what is below.
func (l *layout) lineFor(at *found, earlier int) int {
	indent, bound := indentOf(at.node), at.bound
	for i := len(at.node.Content) - 2; i >= 0; i -= 2 {
		key := at.node.Content[i]
		last := max(key.Line, l.lastLine(at.node.Content[i+1], indent, bound))
		for number := last + 1; number < bound; number++ {
			if !l.isBlank(number) && (!l.looksLikeComment(number) || l.indent(number) <= indent) {
				break
			}
			if !l.isBlank(number) {
				last = number
			}
		}
		if isFirst := i == 0; isFirst || (l.ends(last) && earlier == 0) {
			return last
		}
		if l.ends(last) {
			earlier--
		}
		bound = key.Line
	}
	return at.node.Line
}

// removals are the lines of members and, where a mapping loses all, of its own key.
func (l *layout) removals(places []shape.Place, blanks bool) (map[int]bool, error) {
	gone := removal{map[int]bool{}, blanks}
	for _, group := range byMapping(places) {
		if err := l.removeFrom(group[0][:len(group[0])-1], group, gone); err != nil {
			return nil, err
		}
	}
	return gone.lines, nil
}

// removal collects lines that go.
type removal struct {
	lines map[int]bool
	// blanks takes the blank lines below a member with it.
	blanks bool
}

// byMapping groups the places of members by the mapping that they are in.
func byMapping(places []shape.Place) [][]shape.Place {
	var groups [][]shape.Place
	for _, place := range places {
		same := slices.IndexFunc(groups, func(group []shape.Place) bool {
			return slices.Equal(group[0][:len(group[0])-1], place[:len(place)-1])
		})
		if same < 0 {
			groups = append(groups, nil)
			same = len(groups) - 1
		}
		groups[same] = append(groups[same], place)
	}
	return groups
}

func (l *layout) removeFrom(of shape.Place, places []shape.Place, gone removal) error {
	if len(of) == 0 {
		return &RefusedError{1, "a document cannot lose its own members"}
	}
	parent, err := l.find(of[:len(of)-1])
	if err != nil {
		return err
	}
	own, err := l.member(&parent, fmt.Sprint(of[len(of)-1]))
	if err != nil {
		return err
	}
	if whole := len(own.value.Content) == 2*len(places); whole && own.value.Kind == yaml.MappingNode && !isBlock(own.value) {
		return l.removeLines(&own, gone)
	} else if whole {
		gone.lines[own.key.Line] = true
	}
	at, err := l.find(of)
	if err != nil {
		return err
	}
	for _, place := range places {
		one, err := l.member(&at, fmt.Sprint(place[len(place)-1]))
		if err != nil {
			return err
		}
		if err := l.removeLines(&one, gone); err != nil {
			return err
		}
	}
	return nil
}

// removeLines takes all lines of a member away.
func (l *layout) removeLines(m *member, gone removal) error {
	if before := l.line(m.key.Line); len(bytes.TrimLeft(before[:len(before)-len(l.at(m.key.Line, m.key.Column))], " ")) > 0 {
		return &RefusedError{m.key.Line, "something else stands on the line in front of it"}
	}
	last := max(m.key.Line, l.lastLine(m.value, m.outer, m.bound))
	for number := m.key.Line; number <= last || (gone.blanks && number < m.bound && l.isBlank(number)); number++ {
		gone.lines[number] = true
	}
	return nil
}
