package webhook

import "encoding/binary"

// The tokens of JSON that have no parts: strings, literals and numbers (RFC 8259).

// str passes over a string.
func (p *pruner) str() error {
	if p.next() != '"' {
		return errSyntax
	}
	text := p.text
	for i := p.read + 1; i < len(text); i++ {
		for len(text)-i >= wordBytes && !hasSpecial(binary.LittleEndian.Uint64(text[i:])) {
			i += wordBytes
		}
		if i == len(text) {
			break
		}
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		p.read = i
		if c == '"' {
			p.read++
			return nil
		}
		if c != '\\' {
			return errSyntax
		}
		n := escape(text[i+1:])
		if n == 0 {
			return errSyntax
		}
		i += n
	}
	p.read = len(text)
	return errSyntax
}

// wordBytes is how many bytes of a string are looked at together.
const wordBytes = 8

// hasSpecial says whether one of eight bytes is a quote, a backslash or a control character. It may say so of a byte
// after one that is (see "Determine if a word has a byte less than n" in Anderson's Bit Twiddling Hacks).
func hasSpecial(word uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, backslash := word^(ones*'"'), word^(ones*'\\')
	control := (word - ones*' ') &^ word
	return (control|(quote-ones)&^quote|(backslash-ones)&^backslash)&tops != 0
}

// escape returns the length of what follows a backslash, 0 if it is wrong.
func escape(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	switch text[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		const length = len("uXXXX")
		if len(text) < length {
			return 0
		}
		for _, c := range text[1:length] {
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return 0
			}
		}
		return length
	default:
		return 0
	}
}

func (p *pruner) literal(word string) error {
	if len(p.text)-p.read < len(word) || string(p.text[p.read:p.read+len(word)]) != word {
		return errSyntax
	}
	p.read += len(word)
	return nil
}

// number passes over a number: an integer without leading zeros, a fraction, an exponent.
func (p *pruner) number() error {
	if p.next() == '-' {
		p.read++
	}
	if p.next() == '0' {
		p.read++
	} else if !p.digits() {
		return errSyntax
	}
	if p.next() == '.' {
		p.read++
		if !p.digits() {
			return errSyntax
		}
	}
	if c := p.next(); c == 'e' || c == 'E' {
		p.read++
		if c := p.next(); c == '+' || c == '-' {
			p.read++
		}
		if !p.digits() {
			return errSyntax
		}
	}
	return nil
}

// digits passes over digits and says whether there were any.
func (p *pruner) digits() bool {
	begin := p.read
	for c := p.next(); c >= '0' && c <= '9'; c = p.next() {
		p.read++
	}
	return p.read > begin
}
