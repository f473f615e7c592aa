package pages

import (
	"reflect"
	"strings"

	"sigs.k8s.io/yaml"
)

// contains reports whether what was printed, one or more documents of YAML, has an object somewhere that has all members of
// the part with their values.
func contains(printed, part string) bool {
	var want map[string]any
	if yaml.Unmarshal([]byte(part), &want) != nil {
		return false
	}
	for document := range strings.SplitSeq("\n"+printed, "\n---\n") {
		var have any
		if yaml.Unmarshal([]byte(document), &have) == nil && holds(have, want) {
			return true
		}
	}
	return false
}

// holds looks for the members in a value and everything in it.
func holds(value any, want map[string]any) bool {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			if holds(item, want) {
				return true
			}
		}
	case map[string]any:
		if covers(value, want) {
			return true
		}
		for _, member := range value {
			if holds(member, want) {
				return true
			}
		}
	}
	return false
}

// covers reports whether a value is the wanted one. Objects may have more members.
func covers(value, want any) bool {
	wanted, isObject := want.(map[string]any)
	if !isObject {
		return reflect.DeepEqual(value, want)
	}
	object, _ := value.(map[string]any)
	for name, member := range wanted {
		if object[name] == nil || !covers(object[name], member) {
			return false
		}
	}
	return true
}
