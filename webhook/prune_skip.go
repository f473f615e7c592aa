package webhook

// Passing over values, objects and arrays, whoever keeps or drops them.

// skip passes over a value, which must be right.
func (p *pruner) skip() error {
	switch p.next() {
	case '{':
		return p.skipObject()
	case '[':
		return p.elements(p.skip)
	case '"':
		return p.str()
	case 't':
		return p.literal("true")
	case 'f':
		return p.literal("false")
	case 'n':
		return p.literal("null")
	default:
		return p.number()
	}
}

// skipObject is members without a function to call: most of a review is objects that are dropped.
func (p *pruner) skipObject() error {
	more, err := p.enter('}')
	for more && err == nil {
		if err = p.str(); err != nil {
			break
		}
		if err = p.colon(); err != nil {
			break
		}
		if err = p.skip(); err != nil {
			break
		}
		more, err = p.more('}')
	}
	return err
}

// members passes over an object and calls do after each name, with the name's place including its quotes. The
// function must pass over what follows.
func (p *pruner) members(do func(begin, end int) error) error {
	more, err := p.enter('}')
	for more && err == nil {
		begin := p.read
		if err = p.str(); err != nil {
			break
		}
		if err = do(begin, p.read); err != nil {
			break
		}
		more, err = p.more('}')
	}
	return err
}

// afterName passes over the colon and lets do pass over the value.
func (p *pruner) afterName(do func() error) error {
	if err := p.colon(); err != nil {
		return err
	}
	return do()
}

func (p *pruner) colon() error {
	p.space()
	if p.next() != ':' {
		return errSyntax
	}
	p.read++
	p.space()
	return nil
}

// elements passes over an array and calls do where an element begins.
func (p *pruner) elements(do func() error) error {
	more, err := p.enter(']')
	for more && err == nil {
		if err = do(); err != nil {
			break
		}
		more, err = p.more(']')
	}
	return err
}

// enter begins an object or array and says whether anything is in it. One that is empty is left again.
func (p *pruner) enter(closing byte) (more bool, err error) {
	p.read++
	p.depth++
	if p.depth > maxDepth {
		return false, errSyntax
	}
	p.space()
	if p.next() == closing {
		p.leave()
		return false, nil
	}
	return true, nil
}

// more passes over what stands between two members or elements, or leaves.
func (p *pruner) more(closing byte) (more bool, err error) {
	p.space()
	switch p.next() {
	case closing:
		p.leave()
		return false, nil
	case ',':
		p.commas++
		p.read++
		p.space()
		return true, nil
	default:
		return false, errSyntax
	}
}

func (p *pruner) leave() {
	p.read++
	p.depth--
}
