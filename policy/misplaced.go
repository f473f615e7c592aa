package policy

import (
	"maps"
	"slices"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/shape"
)

// Misplaced finds keys of ours anywhere in an object but among the annotations of its Pod template, whose place is empty where
// the object is a Pod: on the metadata of the object, as labels, at spec.annotations, on a misspelt metadata.annotation.
// Nothing reads them there. The object is what JSON decodes to; mappings of strings may be of that type as well.
func Misplaced(object any, template shape.Place) []shape.Place {
	s := misplacedSearch{right: template.With("metadata", "annotations"), labels: template.With("metadata", "labels")}
	s.search(object)
	return s.found
}

// misplacedSearch collects what one search finds.
type misplacedSearch struct {
	// right is where annotations of the Pod stand, labels where its labels do.
	right, labels shape.Place
	// here is where the search is. It is one place that grows and shrinks, because a fleet has millions.
	here  shape.Place
	found []shape.Place
}

func (s *misplacedSearch) search(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if s.visit(name) {
				s.below(name, value[name])
			}
		}
	case map[string]string:
		var ours []string
		for name := range value {
			if annotation.Asks(name) {
				ours = append(ours, name)
			}
		}
		slices.Sort(ours)
		for _, name := range ours {
			s.visit(name)
		}
	case []any:
		for i := range value {
			s.below(i, value[i])
		}
	}
}

// below searches what a step leads to, if it can hold something.
func (s *misplacedSearch) below(step, value any) {
	switch value.(type) {
	case map[string]any, map[string]string, []any:
		s.here = append(s.here, step)
		s.search(value)
		s.here = s.here[:len(s.here)-1]
	}
}

// visit judges one member, and reports whether to look below it.
func (s *misplacedSearch) visit(name string) (goOn bool) {
	switch {
	case isSelector(name), slices.Equal(s.here, s.right), name == "managedFields" && slices.Equal(s.here, shape.Members("metadata")):
		return false
	case slices.Equal(s.here, s.labels) && ReadsLabel(name):
		return false
	case annotation.Asks(name):
		s.found = append(s.found, s.here.With(name))
		return false
	}
	return true
}

// isSelector reports whether a member selects other objects by their labels.
func isSelector(name string) bool {
	return slices.Contains([]string{"selector", "labelSelector", "namespaceSelector", "nodeSelector", "matchLabels"}, name)
}
