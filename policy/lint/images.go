package lint

import (
	"strings"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// hasNoShell reports whether an image has no program but the application, by its name: distroless images
// (https://github.com/GoogleContainerTools/distroless: "do not contain package managers, shells or any other
// programs"), static bases such as cgr.dev/chainguard/static, and those that call themselves scratch. Variants for
// debugging have busybox.
func hasNoShell(image string) bool {
	name, tag := workload.SplitImage(image)
	slash := strings.LastIndexByte(name, '/')
	last := name[slash+1:]
	if strings.Contains(last, "debug") || strings.Contains(tag, "debug") {
		return false
	}
	if last == "static" {
		return slash >= 0
	}
	return strings.Contains(name, "distroless") || strings.Contains(tag, "distroless") || endsWithWord(last, "scratch") || endsWithWord(tag, "scratch")
}

// endsWithWord reports whether the last part of a name between hyphens is the word.
func endsWithWord(name, word string) bool {
	return name == word || strings.HasSuffix(name, "-"+word)
}
