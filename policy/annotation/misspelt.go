package annotation

import (
	"slices"
	"strings"
)

// brand is the part of the domain that tells a misspelt key of ours from anybody else's.
const brand = "probe-injector"

// IsMisspelt reports whether a key was meant to be one of ours, and its domain is spelt in another way: the prefix has our
// name in it, and the name part is one of our words or fields. Keys of other things that are about us, such as
// checksum/probe-injector, are no mistakes.
func IsMisspelt(key string) bool {
	if IsOurs(key) || len(key) > maxMisspelt {
		return false
	}
	folded := strings.ToLower(key)
	at := strings.LastIndex(folded, brand)
	if at < 0 || strings.IndexByte(folded[:at], '/') >= 0 {
		return false
	}
	rest := folded[at+len(brand):]
	slash := strings.LastIndexByte(rest, '/')
	if slash < 0 {
		// probe-injector.dev.inject: the name follows a dot, which fields of probes have as well.
		return endsInName(rest)
	}
	return isName(rest[slash+1:])
}

// maxMisspelt is the longest key that Kubernetes allows: a prefix of 253, a slash, a name of 63 characters.
const maxMisspelt = 317

// isName reports whether a name part, in lower case, is one of those that a person can write.
func isName(name string) bool {
	return slices.ContainsFunc(names(), func(known string) bool { return strings.EqualFold(known, name) })
}

// endsInName reports whether what follows a dot or a dash is a name of ours, up to the end.
func endsInName(rest string) bool {
	for i := range len(rest) {
		if strings.IndexByte(".-_:", rest[i]) >= 0 && isName(rest[i+1:]) {
			return true
		}
	}
	return false
}
