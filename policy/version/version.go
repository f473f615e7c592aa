// Package version reads the version that an image's tag names and holds it against bounds. A tag often says less than a
// bound wants to know: 3.5 is any patch of 3.5. A bound holds only where the tag leaves no doubt.
package version

import (
	"fmt"
	"strconv"
	"strings"
)

// Version is the numbers of a version, the most significant first. The zero value is no version.
type Version struct {
	numbers [maxNumbers]int32
	count   int
	// preRelease reports that it came before the release of these numbers: 3.5.0-rc.1.
	preRelease bool
}

const (
	// maxNumbers is how many numbers are compared: versions of .NET have four.
	maxNumbers = 4
	// maxDigits is how many digits a number of a version has at most. What is longer is a date or the number of a build, such
	// as 20240101, and says nothing about the version.
	maxDigits = 5
	// hashLength is the length of an abbreviated commit in Git (core.abbrev), which tags often are.
	hashLength = 7
)

// preReleases begin what follows the numbers of a version that came before its release, after an optional separator.
var preReleases = [...]string{"rc", "alpha", "beta", "pre", "snapshot", "dev", "preview", "milestone", "nightly"}

// Parse reads a bound: one to four numbers with dots between them, such as 3, 3.5 or 3.5.11.
func Parse(text string) (Version, error) {
	v, rest := numbers(text)
	if v.count == 0 || rest != "" {
		return Version{}, fmt.Errorf("must be one to %d numbers with dots between them, such as 3, 3.5 or 3.5.11", maxNumbers)
	}
	return v, nil
}

// OfTag reads the numbers with which a tag begins: 16.4 of 16.4-alpine and of v16.4. A tag without them, a commit and a
// date have no version.
func OfTag(tag string) Version {
	if isCommit(tag) {
		return Version{}
	}
	v, rest := numbers(strings.TrimPrefix(tag, "v"))
	rest = strings.ToLower(strings.TrimLeft(rest, "-._"))
	for _, word := range preReleases {
		v.preRelease = v.preRelease || strings.HasPrefix(rest, word)
	}
	return v
}

// isCommit reports whether a tag is the abbreviated hash of a commit: its first digits are no number.
func isCommit(tag string) bool {
	return len(tag) >= hashLength && strings.Trim(tag, "0123456789abcdef") == "" && strings.ContainsAny(tag, "abcdef")
}

// numbers reads the numbers at the beginning of a text, and gives what follows them.
func numbers(text string) (v Version, rest string) {
	rest = text
	for v.count < maxNumbers {
		digits := rest
		if v.count > 0 {
			if !strings.HasPrefix(rest, ".") {
				break
			}
			digits = rest[1:]
		}
		end := len(digits) - len(strings.TrimLeft(digits, "0123456789"))
		if end == 0 {
			break
		}
		if end > maxDigits {
			// A date or a build behind the first number belongs to no release that a bound could name.
			if v.count == 0 {
				return Version{}, text
			}
			break
		}
		number, err := strconv.ParseInt(digits[:end], 10, 32)
		if err != nil {
			break
		}
		v.numbers[v.count] = int32(number)
		v.count++
		rest = digits[end:]
	}
	return v, rest
}

// IsZero reports whether it is no version.
func (v Version) IsZero() bool { return v.count == 0 }

// IsAtLeast reports whether a version is certainly the bound or newer. No bound holds always.
func (v Version) IsAtLeast(bound Version) bool {
	order, certain := v.compare(bound)
	return bound.IsZero() || (certain && order >= 0 && (order > 0 || !v.isBefore(bound.count)))
}

// IsAtMost reports whether a version is certainly the bound or older. A bound includes every release that it begins:
// 3.5.11 is within 3.5. No bound holds always.
func (v Version) IsAtMost(bound Version) bool {
	order, certain := v.compare(bound)
	return bound.IsZero() || (certain && order <= 0)
}

// CanBeAtMost reports whether a release of the version could be the bound or older: it is not certainly newer.
func (v Version) CanBeAtMost(bound Version) bool {
	order, _ := v.compare(bound)
	return order <= 0
}

// compare orders a version and a bound by the numbers that the bound has. It is uncertain where the version has fewer, and
// those are equal.
func (v Version) compare(bound Version) (order int, certain bool) {
	for i := range bound.count {
		switch {
		case i >= v.count:
			return 0, false
		case v.numbers[i] < bound.numbers[i]:
			return -1, true
		case v.numbers[i] > bound.numbers[i]:
			return 1, true
		}
	}
	return 0, true
}

// isBefore reports whether a version that begins with a bound's numbers came before the bound's own release: 3.5.0-rc.1
// before 3.5, but not 3.5.2-rc.1.
func (v Version) isBefore(count int) bool {
	if !v.preRelease {
		return false
	}
	for _, number := range v.numbers[count:v.count] {
		if number > 0 {
			return false
		}
	}
	return true
}
