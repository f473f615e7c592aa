package main

import (
	"bytes"
	"fmt"
	"strings"
)

// The lines between which README.md is generated.
const (
	tablesBegin = "<!-- values: begin; written by go run ./charts/generate from values.yaml -->"
	tablesEnd   = "<!-- values: end -->"
)

// longestDefault is how long a default may be to stand in a table.
const longestDefault = 100

// readmeFile replaces the tables in README.md.
func readmeFile(values []value, now []byte) ([]byte, error) {
	before, rest, begins := bytes.Cut(now, []byte(tablesBegin))
	_, after, ends := bytes.Cut(rest, []byte(tablesEnd))
	if !begins || !ends {
		return nil, fmt.Errorf("has no lines %q and %q for the tables of values", tablesBegin, tablesEnd)
	}
	tables, err := tablesOf(values)
	if err != nil {
		return nil, err
	}
	return []byte(string(before) + tablesBegin + "\n" + tables + "\n" + tablesEnd + string(after)), nil
}

// tablesOf makes a table for each heading.
func tablesOf(values []value) (string, error) {
	var text strings.Builder
	heading := ""
	for _, v := range values {
		if v.heading != heading {
			heading = v.heading
			fmt.Fprintf(&text, "\n### %s\n\n| value | default | meaning |\n|---|---|---|\n", heading)
		}
		if err := writeRows(&text, v); err != nil {
			return "", err
		}
	}
	return text.String(), nil
}

// writeRows writes a row for a value, and for a mapping those of its members, below its own if it has a comment.
func writeRows(text *strings.Builder, v value) error {
	if len(v.members) == 0 || isOpaque(v.path) {
		fallback, err := v.fallbackJSON()
		if err != nil {
			return err
		}
		if len(fallback) > longestDefault {
			fallback = "see values.yaml"
		} else {
			fallback = "`" + fallback + "`"
		}
		fmt.Fprintf(text, "| `%s` | %s | %s |\n", v.path, fallback, cell(v.description))
		return nil
	}
	if v.description != "" {
		fmt.Fprintf(text, "| `%s` | | %s |\n", v.path, cell(v.description))
	}
	for _, member := range v.members {
		if err := writeRows(text, member); err != nil {
			return err
		}
	}
	return nil
}

// isOpaque reports whether a value is an object of Kubernetes, whose members are described there.
func isOpaque(path string) bool {
	limit, ok := limits()[path]
	return ok && limit["properties"] == nil
}

// cell is text that may stand in a table.
func cell(description string) string { return strings.ReplaceAll(description, "|", `\|`) }
