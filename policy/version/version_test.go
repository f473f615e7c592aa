package version_test

import (
	"fmt"
	"strconv"
	"testing"
	"testing/quick"

	"github.com/probe-injector/probe-injector/policy/version"
)

func parse(t *testing.T, text string) version.Version {
	t.Helper()
	if text == "" {
		return version.Version{}
	}
	v, err := version.Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

func TestABoundHoldsWhereTheTagLeavesNoDoubt(t *testing.T) {
	for name, row := range map[string]struct {
		tag, least, most string
		want             bool
	}{
		"no bounds and no number":                     {"latest", "", "", true},
		"no number":                                   {"latest", "1", "", false},
		"no tag":                                      {"", "", "9", false},
		"the least":                                   {"16.4-alpine", "16", "", true},
		"below the least":                             {"15", "16", "", false},
		"the most, with all that it begins":           {"16.4", "", "16", true},
		"above the most":                              {"17", "", "16", false},
		"between":                                     {"v16", "15", "17", true},
		"a number behind a word":                      {"alpine-16", "16", "", false},
		"a number that is too large":                  {"20240101123000", "16", "", false},
		"a date of eight digits":                      {"20240101", "16", "", false},
		"a year":                                      {"2024.1", "2023", "", true},
		"a commit that begins with a digit":           {"7e5fa2b", "3", "", false},
		"a commit in full":                            {"9fceb02d0ae598e95dc970b74767f19372d61af8", "3", "", false},
		"a patch":                                     {"v3.5.11", "3.5.11", "", true},
		"the patch before":                            {"v3.5.10", "3.5.11", "", false},
		"numbers, not text, are compared":             {"3.5.9", "3.5.11", "", false},
		"a later minor with a smaller patch":          {"3.6.0", "3.5.11", "", true},
		"a patch behind the build of a distribution":  {"3.5.11-debian-12-r0", "3.5.11", "", true},
		"a tag that moves, and could be either":       {"3.5", "3.5.11", "", false},
		"the same tag is no older one for certain":    {"3.5", "", "3.5.10", false},
		"a tag that moves within what the bound says": {"3.5", "3.5", "3.5", true},
		"a newer tag that moves":                      {"4", "3.5.11", "", true},
		"an older tag that moves":                     {"2", "", "3.5.11", true},
		"a patch within a minor":                      {"3.5.99", "", "3.5", true},
		"the minor after it":                          {"3.6", "", "3.5", false},
		"a candidate of the bound":                    {"3.5.11-rc.1", "3.5.11", "", false},
		"a candidate of a bound that names no patch":  {"3.5.0-rc.1", "3.5", "", false},
		"a candidate of a later patch":                {"3.5.2-rc.1", "3.5", "", true},
		"a candidate without a dash":                  {"17beta1", "17", "", false},
		"a candidate is not newer than its release":   {"17beta1", "", "17", true},
		"alpine is no alpha":                          {"17-alpine", "17", "", true},
		"four numbers":                                {"8.0.100.7", "8.0.100.6", "", true},
		"more numbers than are compared":              {"8.0.100.7.1", "8.0.100.7", "8.0.100.7", true},
		"a date behind the version":                   {"1.27.0.20240101", "1.27", "1.27", true},
		"a digest only":                               {"", "1", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			v := version.OfTag(row.tag)
			if got := v.IsAtLeast(parse(t, row.least)) && v.IsAtMost(parse(t, row.most)); got != row.want {
				t.Errorf("tag %q within %q and %q: %v", row.tag, row.least, row.most, got)
			}
		})
	}
}

func TestABoundIsNumbersWithDots(t *testing.T) {
	for _, text := range []string{"", "v3", "3.", ".3", "3..5", "3.5-rc", "latest", "3 5", "-1", "1.2.3.4.5", "123456", "１"} {
		if v, err := version.Parse(text); err == nil {
			t.Errorf("%q was read as %+v", text, v)
		}
	}
}

// What is certain cannot be contradicted: a tag is never below a bound and at least the bound at once, and adding numbers
// to a tag never turns an answer that was certain.
func TestAnswersThatAreCertainStayCertain(t *testing.T) {
	property := func(a, b, c, x, y uint8) bool {
		bound, err := version.Parse(fmt.Sprintf("%d.%d", x%4, y%4))
		if err != nil {
			return false
		}
		var tags []version.Version
		for _, tag := range []string{strconv.Itoa(int(a % 4)), fmt.Sprintf("%d.%d", a%4, b%4), fmt.Sprintf("%d.%d.%d", a%4, b%4, c)} {
			tags = append(tags, version.OfTag(tag))
		}
		for i := range tags[1:] {
			if (tags[i].IsAtLeast(bound) && !tags[i+1].IsAtLeast(bound)) || (tags[i].IsAtMost(bound) && !tags[i+1].IsAtMost(bound)) {
				return false
			}
		}
		last := tags[len(tags)-1]
		return last.IsAtLeast(bound) || last.IsAtMost(bound)
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}
