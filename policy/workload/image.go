package workload

import "strings"

// SplitImage takes the reference of an image apart: its name, which may begin with a registry, and its tag, empty when
// there is none. A digest is left out.
func SplitImage(reference string) (name, tag string) {
	name, _, _ = strings.Cut(reference, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		return name[:colon], name[colon+1:]
	}
	return name, ""
}
