package main

import (
	"errors"
	"strings"
)

// The markers in the page. What is between them is written by this program, all else by people.
const (
	begin = "<!-- tables: begin; written by go -C test run ./defaults -write -->\n"
	end   = "<!-- tables: end -->\n"
)

// between replaces what is between the markers of a page.
func between(page, tables string) (string, error) {
	before, rest, found := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", errors.New("the markers are missing: " + strings.TrimSpace(begin) + " and " + strings.TrimSpace(end))
	}
	return before + begin + "\n" + tables + "\n" + end + after, nil
}
