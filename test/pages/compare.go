package pages

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// ellipsis stands for any number of lines, or within a line for anything.
const ellipsis = "…"

// mask is something that is different each time.
type mask struct {
	pattern     *regexp.Regexp
	replacement string
}

// masks are what is different each time; what a mask makes is left alone by all of them.
func masks() []mask {
	return []mask{
		{regexp.MustCompile(`\x1b\[[0-9;]*m`), ""},
		// 2026-11-27T13:10:54.123Z, and the dates of Helm and openssl.
		{regexp.MustCompile(`\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?( [+-]\d{4} [A-Z]+)?`), "<time>"},
		{regexp.MustCompile(`\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d \d{4}`), "<time>"},
		{regexp.MustCompile(`\b[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d( \d{4})?( GMT)?`), "<time>"},
		// Where Helm logs a warning.
		{regexp.MustCompile(`(?m)^[IWE]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ (\S+:\d+\])`), "<log> $1"},
		// What a ReplicaSet, and then a Pod, is called after: a hash without vowels and five letters or digits.
		{regexp.MustCompile(`-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b`), "-<pod>"},
		{regexp.MustCompile(`\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b`), "<ip>"},
		{regexp.MustCompile(`\b(sha256:)?[0-9a-f]{40,64}\b`), "<hash>"},
		// An age, the last column of what kubectl prints, also in brackets as that of the last restart.
		{regexp.MustCompile(`(?m)(  |\()(\d+[smhd])+( ago\))?[ ]*$`), "$1<age>$3"},
		// Widths of columns follow the names in them.
		{regexp.MustCompile(`(\S) {2,}`), "$1  "},
		{regexp.MustCompile(`(?m)[ \t]+$`), ""},
	}
}

// Masked is a text without what is different each time.
func Masked(text string) string {
	for _, m := range masks() {
		text = m.pattern.ReplaceAllString(text, m.replacement)
	}
	return text
}

// matches reports whether a command printed what a page shows.
func matches(shown, printed string) bool {
	return matchLines(lines(shown), lines(printed))
}

func lines(text string) []string {
	text = strings.Trim(Masked(text), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// matchLines: shown is cut at the lines that stand for any number of lines; the first piece is the beginning, the last the
// end, and those between come in their order.
func matchLines(shown, printed []string) bool {
	at := slices.Index(shown, ellipsis)
	if at < 0 {
		return len(shown) == len(printed) && beginsWith(printed, shown)
	}
	if !beginsWith(printed, shown[:at]) {
		return false
	}
	rest := printed[at:]
	for from := range len(rest) + 1 {
		if matchLines(shown[at+1:], rest[from:]) {
			return true
		}
	}
	return false
}

func beginsWith(printed, shown []string) bool {
	if len(printed) < len(shown) {
		return false
	}
	for i, line := range shown {
		if !matchLine(line, printed[i]) {
			return false
		}
	}
	return true
}

func matchLine(shown, printed string) bool {
	before, rest, found := strings.Cut(shown, ellipsis)
	if !found {
		return shown == printed
	}
	if !strings.HasPrefix(printed, before) {
		return false
	}
	printed = printed[len(before):]
	for from := range len(printed) + 1 {
		if matchLine(rest, printed[from:]) {
			return true
		}
	}
	return false
}

// diff shows where they differ, as diff -u does.
func diff(shown, printed string) string {
	text, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: difflib.SplitLines(strings.Join(lines(shown), "\n")), B: difflib.SplitLines(strings.Join(lines(printed), "\n")),
		FromFile: "the page", ToFile: "what is printed", Context: 100,
	})
	if err != nil {
		return "printed: " + printed
	}
	return text
}
