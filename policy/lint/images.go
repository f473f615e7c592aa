package lint

import (
	"slices"
	"strings"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// noShell is the word by which images without any program but the application are known
// (https://github.com/GoogleContainerTools/distroless: "do not contain package managers, shells or any other
// programs").
const noShell = "distroless"

// hasNoShell reports whether an image has no program but the application, by its name: distroless images, the static
// base of Chainguard, and tags that say distroless or scratch. Variants for debugging and developing have busybox. What
// merely ends in "static" may be a server of static files.
func hasNoShell(image string) bool {
	name, tag := workload.SplitImage(image)
	tagWords, segments := wordsOf(tag), strings.Split(name, "/")
	last := segments[len(segments)-1]
	switch {
	case strings.Contains(last, "debug") || strings.Contains(tag, "debug") || slices.Contains(tagWords, "dev"):
		return false
	case last == "static":
		return slices.Contains(segments, "chainguard") || segments[0] == "cgr.dev" || slices.Contains(segments, noShell)
	case slices.Contains(segments, noShell) || slices.Contains(tagWords, noShell) || slices.Contains(tagWords, "scratch"):
		return true
	}
	return strings.HasSuffix(last, "-"+noShell)
}

// imageSays reports whether the last part of an image's name has the word.
func imageSays(image, word string) bool {
	name, _ := workload.SplitImage(image)
	return hasWord(name[strings.LastIndexByte(name, '/')+1:], word)
}
