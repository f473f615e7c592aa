package selfmanaged

import (
	"sync"

	"k8s.io/client-go/tools/cache"
)

// objectStore holds the one object of a watch, kept up to date by a client-go Reflector. It is safe for concurrent use.
type objectStore[T any] struct {
	// read takes from an object of the API what is to be held.
	read    func(object any) (*T, error)
	changed func()

	mutex  sync.Mutex
	object *T
	known  bool
}

var _ cache.ReflectorStore = (*objectStore[int])(nil)

// get returns the object, nil if it does not exist. While known is false, it was not read yet.
func (s *objectStore[T]) get() (object *T, known bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.object, s.known
}

func (s *objectStore[T]) set(object *T) {
	s.mutex.Lock()
	s.object, s.known = object, true
	s.mutex.Unlock()
	s.changed()
}

// Add is called with an object that was created.
func (s *objectStore[T]) Add(object any) error { return s.Update(object) }

// Update is called with an object that was changed.
func (s *objectStore[T]) Update(object any) error {
	o, err := s.read(object)
	if err != nil {
		return err
	}
	s.set(o)
	return nil
}

// Delete is called with an object that was deleted.
func (s *objectStore[T]) Delete(any) error {
	s.set(nil)
	return nil
}

// Replace is called with all objects that exist, which is one or none.
func (s *objectStore[T]) Replace(objects []any, _ string) error {
	if len(objects) == 0 {
		s.set(nil)
		return nil
	}
	return s.Update(objects[0])
}

// Resync does nothing: a store of one object forgets no part of it.
func (s *objectStore[T]) Resync() error { return nil }
