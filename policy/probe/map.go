package probe

// Map holds a value for some of the three kinds, without allocating. The zero value is empty.
type Map[T any] struct {
	values [kindCount]T
	has    [kindCount]bool
}

const kindCount = 3

// index is the place of a kind in the order of Kinds.
func (k Kind) index() int {
	switch k {
	case Startup:
		return 0
	case Liveness:
		return 1
	default:
		return 2
	}
}

// Get returns the value of a kind and whether there is one.
func (m *Map[T]) Get(k Kind) (T, bool) { return m.values[k.index()], m.has[k.index()] }

// Has reports whether there is a value of a kind.
func (m *Map[T]) Has(k Kind) bool { return m.has[k.index()] }

// Set stores the value of a kind.
func (m *Map[T]) Set(k Kind, value T) {
	m.values[k.index()], m.has[k.index()] = value, true
}

// Delete removes the value of a kind.
func (m *Map[T]) Delete(k Kind) {
	var zero T
	m.values[k.index()], m.has[k.index()] = zero, false
}

// Len is how many kinds have a value.
func (m *Map[T]) Len() int {
	n := 0
	for _, has := range m.has {
		if has {
			n++
		}
	}
	return n
}
