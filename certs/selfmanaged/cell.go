package selfmanaged

import (
	"fmt"
	"sync"

	"k8s.io/client-go/tools/cache"
)

// cell is the one object that a watch is about, kept up to date by a client-go Reflector. It is safe for concurrent
// use.
type cell[T any] struct {
	changed func()

	mutex  sync.Mutex
	object *T
	known  bool
}

var _ cache.ReflectorStore = (*cell[int])(nil)

// get returns the object, nil if there is none. While known is false, nobody has looked yet.
func (c *cell[T]) get() (object *T, known bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.object, c.known
}

func (c *cell[T]) set(object *T) {
	c.mutex.Lock()
	c.object, c.known = object, true
	c.mutex.Unlock()
	c.changed()
}

// Add is told of an object that came.
func (c *cell[T]) Add(object any) error { return c.Update(object) }

// Update is told of an object that changed.
func (c *cell[T]) Update(object any) error {
	o, ok := object.(*T)
	if !ok {
		return fmt.Errorf("watching: got a %T", object)
	}
	c.set(o)
	return nil
}

// Delete is told of an object that went.
func (c *cell[T]) Delete(any) error {
	c.set(nil)
	return nil
}

// Replace is told of all objects there are, which is one or none.
func (c *cell[T]) Replace(objects []any, _ string) error {
	if len(objects) == 0 {
		c.set(nil)
		return nil
	}
	return c.Update(objects[0])
}

// Resync is for stores of which parts are forgotten.
func (c *cell[T]) Resync() error { return nil }
