package webhook

import "bytes"

// maxCompared is how many names of an object are compared with each other; of more, nobody can say quickly.
const maxCompared = 64

// mayRepeat says whether an object that stays as a whole may have a member twice. Its text is right. Nested objects,
// names with escapes and many members are left to the decoder, which is slower and knows.
func mayRepeat(text []byte) bool {
	if text[0] != '{' {
		return text[0] == '[' && bytes.IndexByte(text, '{') >= 0
	}
	p := pruner{text: text}
	var names [maxCompared][]byte
	count, may := 0, false
	err := p.members(func(begin, end int) error {
		name := text[begin:end]
		may = may || count == maxCompared || !plain(name)
		for i := 0; i < count && !may; i++ {
			may = bytes.Equal(names[i], name)
		}
		if may {
			return errSyntax
		}
		names[count] = name
		count++
		return p.afterName(func() error {
			if c := p.next(); c == '{' || c == '[' {
				may = true
				return errSyntax
			}
			return p.skip()
		})
	})
	return may || err != nil
}
