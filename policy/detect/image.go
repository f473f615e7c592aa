package detect

import (
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/version"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// Image is a container image's reference, parsed. No registry is contacted.
type Image struct {
	// repository begins with the registry: docker.io/library/postgres.
	repository string
	tag        string
	// Last is the last segment of the repository, lastTwo the last two.
	Last, lastTwo string
}

// library is the namespace of an image on Docker Hub that names none
// (https://github.com/distribution/reference: ParseNormalizedNamed).
const library = "library"

// ParseImage takes a reference apart. What lies below one of the mirrors is read as if it came from Docker Hub.
func ParseImage(reference string, mirrors []string) Image {
	img := splitImage(reference, mirrors)
	img.Last = LastSegment(img.repository)
	before := img.repository[:max(0, len(img.repository)-len(img.Last)-1)]
	img.lastTwo = img.repository[strings.LastIndexByte(before, '/')+1:]
	return img
}

// LastSegment is what follows the last slash.
func LastSegment(repository string) string {
	return repository[strings.LastIndexByte(repository, '/')+1:]
}

func splitImage(reference string, mirrors []string) Image {
	name, tag := workload.SplitImage(reference)
	if mirror := v1alpha1.MirrorOf(name, mirrors); mirror != "" {
		return Image{repository: onDockerHub(name[len(mirror)+1:]), tag: tag}
	}
	registry, rest, found := strings.Cut(name, "/")
	switch {
	case !found || !v1alpha1.IsRegistry(registry):
		return Image{repository: onDockerHub(name), tag: tag}
	case v1alpha1.IsDockerHub(registry):
		return Image{repository: onDockerHub(rest), tag: tag}
	}
	return Image{repository: name, tag: tag}
}

func onDockerHub(name string) string {
	if !strings.Contains(name, "/") {
		name = library + "/" + name
	}
	return v1alpha1.DockerHub + "/" + name
}

// IsNamed reports whether one of the patterns fits the last segment of the repository, or its last two.
func (i *Image) IsNamed(patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if first, last, two := strings.Cut(pattern, "/"); two {
			before, _, _ := strings.Cut(i.lastTwo, "/")
			return fits(first, before) && fits(last, i.Last)
		}
		return fits(pattern, i.Last)
	})
}

// fits compares with a pattern whose star, at its beginning or its end, stands for anything.
func fits(pattern, text string) bool {
	open, endless := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
	bare := strings.Trim(pattern, "*")
	switch {
	case open && endless:
		return strings.Contains(text, bare)
	case open:
		return strings.HasSuffix(text, bare)
	case endless:
		return strings.HasPrefix(text, bare)
	}
	return text == pattern
}

// isBelow reports whether the image lies below one of the publishers' repositories.
func (i *Image) isBelow(publishers []string) bool {
	return slices.ContainsFunc(publishers, func(p string) bool { return strings.HasPrefix(i.repository, p+"/") })
}

// isWithin reports whether the tag's version certainly lies between the bounds, each of which may be absent.
func (i *Image) isWithin(least, most version.Version) bool {
	if least.IsZero() && most.IsZero() {
		return true
	}
	v := version.OfTag(i.tag)
	return v.IsAtLeast(least) && v.IsAtMost(most)
}
