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
	s.search(object, nil)
	return s.found
}

// misplacedSearch collects what one search finds.
type misplacedSearch struct {
	// right is where annotations of the Pod stand, labels where its labels do.
	right, labels shape.Place
	found         []shape.Place
}

func (s *misplacedSearch) search(value any, here shape.Place) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if below, goOn := s.visit(name, here); goOn {
				s.search(value[name], below)
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
			s.visit(name, here)
		}
	case []any:
		for i := range value {
			s.search(value[i], here.With(i))
		}
	}
}

// visit judges one member, and reports whether to look below it.
func (s *misplacedSearch) visit(name string, here shape.Place) (below shape.Place, goOn bool) {
	below = here.With(name)
	switch {
	case slices.Equal(here, s.right), isSelector(name), slices.Equal(below, shape.Members("metadata", "managedFields")):
		return nil, false
	case slices.Equal(here, s.labels) && ReadsLabel(name):
		return nil, false
	case annotation.Asks(name):
		s.found = append(s.found, below)
		return nil, false
	}
	return below, true
}

// isSelector reports whether a member selects other objects by their labels.
func isSelector(name string) bool {
	return slices.Contains([]string{"selector", "labelSelector", "namespaceSelector", "nodeSelector", "matchLabels"}, name)
}
