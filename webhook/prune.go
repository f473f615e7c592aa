package webhook

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
)

// Most of a review is not looked at: environment variables, volumes, managed fields. The decoder would go over all of
// it twice, a state machine's step for each byte. Pruning goes over it once, fast, and leaves the decoder the small
// rest; a Pod with thousands of variables costs little more than one without.
//
// Pruning must not change what the decoder finds. It drops only members whose names the decoder would not know, in
// objects that it would decode into structs; whatever is not plainly such a member stays. It accepts exactly the JSON
// that the decoder accepts, because what it drops is not checked again. FuzzPrune holds it to both.

// shape is the part of a Go type that pruning needs. A nil shape is a value that stays as a whole.
type shape struct {
	// members are those of a struct, by name.
	members map[string]member
	// element is that of a list of structs.
	element *shape
	// keeps says which elements of a list its type would look at; the others are dropped.
	keeps func(element []byte) bool
}

// member is one of a struct's, with a bit of its own.
type member struct {
	shape *shape
	bit   uint64
}

// picky is a list that decodes itself and does not look at every element.
type picky interface {
	// Keeps says whether decoding would look at an element, by its text.
	Keeps(element []byte) bool
}

// shapeOf returns the shape of a type that encoding/json decodes.
func shapeOf(t reflect.Type) *shape {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if list, ok := reflect.Zero(t).Interface().(picky); ok {
		return &shape{keeps: list.Keeps}
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	switch t.Kind() {
	case reflect.Slice:
		if element := shapeOf(t.Elem()); element != nil {
			return &shape{element: element}
		}
		return nil
	case reflect.Struct:
		s := &shape{members: map[string]member{}}
		s.addMembers(t)
		return s
	default:
		return nil
	}
}

func (s *shape) addMembers(t reflect.Type) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			s.addMembers(field.Type)
		case name != "" && name != "-":
			s.addMember(name, field.Type)
		default:
			s.addMember(field.Name, field.Type)
		}
	}
}

func (s *shape) addMember(name string, t reflect.Type) {
	s.members[name] = member{shapeOf(t), 1 << len(s.members)}
}

// maxDepth is the decoder's limit of arrays and objects within each other.
const maxDepth = 10_000

// errSyntax says that the text is no JSON. Its place is in pruner.read.
var errSyntax = errors.New("not JSON")

// pruner moves what stays to the beginning of the text.
type pruner struct {
	text []byte
	// read is the position of the next byte, written that of the end of what stays; never beyond read.
	read, written int
	depth         int
	// commas are those between the members and elements that stay.
	commas int
	// ambiguous says that a member that stays may be there twice.
	ambiguous bool
}

// pruned is what stays of a JSON text.
type pruned struct {
	text []byte
	// commas is how many separate members and elements; those within strings do not count.
	commas int
	// ambiguous says that some member may be there twice. False is certain.
	ambiguous bool
}

// prune returns the rest of a JSON text, in the same memory, or an error and the position of the mistake.
func prune(text []byte, s *shape) (rest pruned, at int, err error) {
	p := pruner{text: text}
	p.space()
	if err := p.value(s); err != nil {
		return pruned{}, p.read, err
	}
	p.space()
	if p.read < len(text) {
		return pruned{}, p.read, errSyntax
	}
	return pruned{text: text[:p.written], commas: p.commas, ambiguous: p.ambiguous}, 0, nil
}

// next is the next byte, 0 at the end, which is no part of any JSON text.
func (p *pruner) next() byte {
	if p.read < len(p.text) {
		return p.text[p.read]
	}
	return 0
}

func (p *pruner) space() {
	for p.read < len(p.text) {
		switch p.text[p.read] {
		case ' ', '\t', '\r', '\n':
			p.read++
		default:
			return
		}
	}
}

// keep appends what stays.
func (p *pruner) keep(from, to int) {
	if p.written == from {
		p.written = to
		return
	}
	p.written += copy(p.text[p.written:], p.text[from:to])
}

func (p *pruner) keepByte(b byte) {
	p.text[p.written] = b
	p.written++
}

// value keeps a value, without the members that its shape does not have.
func (p *pruner) value(s *shape) error {
	switch c := p.next(); {
	case c == '{' && s != nil && s.members != nil:
		return p.object(s)
	case c == '[' && s != nil && s.element != nil:
		return p.array(s)
	case c == '[' && s != nil && s.keeps != nil:
		return p.picked(s)
	default:
		begin := p.read
		if err := p.skip(); err != nil {
			return err
		}
		p.ambiguous = p.ambiguous || mayRepeat(p.text[begin:p.read])
		p.keep(begin, p.read)
		return nil
	}
}

func (p *pruner) object(s *shape) error {
	kept, dropped, seen := 0, 0, uint64(0)
	p.keep(p.read, p.read+1)
	err := p.members(func(begin, end int) error {
		name := p.text[begin+1 : end-1]
		member, known := s.members[string(name)]
		p.ambiguous = p.ambiguous || seen&member.bit != 0 || (!known && !plain(name))
		seen |= member.bit
		if !known && plain(name) {
			dropped++
			commas := p.commas
			err := p.afterName(p.skip)
			p.commas = commas
			return err
		}
		if kept > 0 {
			p.keepByte(',')
		}
		kept++
		p.keep(begin, end)
		return p.afterName(func() error {
			p.keepByte(':')
			return p.value(member.shape)
		})
	})
	if err != nil {
		return err
	}
	// Going over the members has counted a comma for each but the first.
	p.commas -= max(0, kept+dropped-1) - max(0, kept-1)
	p.keepByte('}')
	return nil
}

func (p *pruner) array(s *shape) error {
	kept := 0
	p.keep(p.read, p.read+1)
	err := p.elements(func() error {
		if kept > 0 {
			p.keepByte(',')
		}
		kept++
		return p.value(s.element)
	})
	if err != nil {
		return err
	}
	p.keepByte(']')
	return nil
}

// picked keeps the elements of a list that its type looks at.
func (p *pruner) picked(s *shape) error {
	kept, dropped := 0, 0
	p.keep(p.read, p.read+1)
	err := p.elements(func() error {
		begin, commas := p.read, p.commas
		if err := p.skip(); err != nil {
			return err
		}
		if !s.keeps(p.text[begin:p.read]) {
			dropped++
			p.commas = commas
			return nil
		}
		if kept > 0 {
			p.keepByte(',')
		}
		kept++
		p.keep(begin, p.read)
		return nil
	})
	if err != nil {
		return err
	}
	// Going over the elements has counted a comma for each but the first.
	p.commas -= max(0, kept+dropped-1) - max(0, kept-1)
	p.keepByte(']')
	return nil
}

// plain says whether a name is spelled in one way only. Any other may be a known one in disguise, and stays.
func plain(name []byte) bool {
	for _, c := range name {
		if c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}
