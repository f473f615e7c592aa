package manifest

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/policy/shape"
)

// annotations are the places of those of ours on the Pod and, where nothing reads them, on what makes it.
func (f form) annotations(object *unstructured.Unstructured) []shape.Place {
	var places []shape.Place
	for steps := range len(f.place) + 1 {
		at := f.place[:steps].With("metadata", "annotations")
		found, _ := at.In(object.Object)
		all, _ := found.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if annotation.IsOurs(key) {
				places = append(places, at.With(key))
			}
		}
	}
	return places
}
