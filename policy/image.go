package policy

import (
	"slices"
	"strconv"
	"strings"
)

// image is a container image's reference, taken apart. Nothing is asked of a registry.
type image struct {
	// repository begins with the registry: docker.io/library/postgres.
	repository string
	tag        string
	// last is the last segment of the repository, lastTwo the last two.
	last, lastTwo string
}

// dockerHub is the registry of an image that names none, and library its namespace of an image that names none
// (https://github.com/distribution/reference: ParseNormalizedNamed).
const (
	dockerHub = "docker.io"
	library   = "library"
)

// parseImage takes a reference apart. What lies below one of the mirrors is read as if it came from Docker Hub.
func parseImage(reference string, mirrors []string) image {
	img := splitImage(reference, mirrors)
	img.last = lastSegment(img.repository)
	before := img.repository[:max(0, len(img.repository)-len(img.last)-1)]
	img.lastTwo = img.repository[strings.LastIndexByte(before, '/')+1:]
	return img
}

// lastSegment is what follows the last slash.
func lastSegment(repository string) string {
	return repository[strings.LastIndexByte(repository, '/')+1:]
}

func splitImage(reference string, mirrors []string) image {
	name, _, _ := strings.Cut(reference, "@")
	var tag string
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, tag = name[:colon], name[colon+1:]
	}
	for _, mirror := range mirrors {
		if rest, ok := strings.CutPrefix(name, mirror+"/"); ok {
			return image{repository: onDockerHub(rest), tag: tag}
		}
	}
	registry, rest, found := strings.Cut(name, "/")
	if found && (strings.ContainsAny(registry, ".:") || registry == "localhost") {
		if registry == dockerHub || registry == "index.docker.io" {
			return image{repository: onDockerHub(rest), tag: tag}
		}
		return image{repository: name, tag: tag}
	}
	return image{repository: onDockerHub(name), tag: tag}
}

func onDockerHub(name string) string {
	if !strings.Contains(name, "/") {
		name = library + "/" + name
	}
	return dockerHub + "/" + name
}

// isNamed says whether one of the patterns fits the last segment of the repository, or its last two.
func (i *image) isNamed(patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if strings.IndexByte(pattern, '/') >= 0 {
			return fits(pattern, i.lastTwo)
		}
		return fits(pattern, i.last)
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

// isBelow says whether the image lies below one of the publishers' repositories.
func (i *image) isBelow(publishers []string) bool {
	return slices.ContainsFunc(publishers, func(p string) bool { return strings.HasPrefix(i.repository, p+"/") })
}

// major is the first number of the tag: 16 of 16.4-alpine and of v16.
func (i *image) major() (int32, bool) {
	digits := strings.TrimPrefix(i.tag, "v")
	end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(digits)
	}
	number, err := strconv.ParseInt(digits[:end], 10, 32)
	return int32(number), err == nil
}

// isWithin says whether the tag's first number lies between the bounds, each of which may be absent.
func (i *image) isWithin(least, most *int32) bool {
	if least == nil && most == nil {
		return true
	}
	number, ok := i.major()
	return ok && (least == nil || number >= *least) && (most == nil || number <= *most)
}
