package manifest

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/shape"
)

// misplaced finds keys of ours anywhere in the object but among the annotations of the Pod: on the metadata of the object, as
// labels, at spec.annotations, on a misspelt metadata.annotation.
func (f form) misplaced(object *unstructured.Unstructured) []shape.Place {
	var found []shape.Place
	right := f.place.With("metadata", "annotations")
	labels := f.place.With("metadata", "labels")
	var search func(value any, here shape.Place)
	search = func(value any, here shape.Place) {
		switch value := value.(type) {
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				below := here.With(name)
				switch {
				case slices.Equal(here, right), isSelector(name), slices.Equal(below, shape.Members("metadata", "managedFields")):
				case slices.Equal(here, labels) && policy.ReadsLabel(name):
				case annotation.Asks(name):
					found = append(found, below)
				default:
					search(value[name], below)
				}
			}
		case []any:
			for i := range value {
				search(value[i], here.With(i))
			}
		}
	}
	search(object.Object, nil)
	return found
}

// isSelector reports whether a member selects other objects by their labels.
func isSelector(name string) bool {
	return slices.Contains([]string{"selector", "labelSelector", "namespaceSelector", "nodeSelector", "matchLabels"}, name)
}
