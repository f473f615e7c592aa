package main

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
)

// precedenceSource is where the truth table stands, next to the code that it describes.
const precedenceSource = "policy/choose.go"

func decisionTablePage(root string) (string, error) {
	comment, err := tableComment(filepath.Join(root, filepath.FromSlash(precedenceSource)))
	if err != nil {
		return "", err
	}
	d := newDocument("Decision table",
		`For everybody who wants to know what wins when existing probes, annotations, profiles, rules and ports meet.`,
		"the comment in `"+precedenceSource+"`")
	for block := range strings.SplitSeq(comment, "\n\n") {
		if !strings.Contains(block, "|") {
			d.paragraph(block)
			continue
		}
		header, rows, err := truthTable(block)
		if err != nil {
			return "", fmt.Errorf("%s: %w", precedenceSource, err)
		}
		d.table(header, rows)
	}
	d.paragraph("The reasons among the outcomes are explained in [reasons.md](reasons.md).")
	return d.String(), nil
}

// tableComment finds the comment that holds the table.
func tableComment(path string) (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return "", fmt.Errorf("reading the table: %w", err)
	}
	for _, group := range file.Comments {
		if text := group.Text(); strings.Contains(text, "\n\n\t#") || strings.Contains(text, "\n\n#") {
			return text, nil
		}
	}
	return "", errors.New("no comment with a table whose first line begins with #")
}

// truthTable reads a table drawn with bars. A line that does not begin with a number continues the one before it.
func truthTable(block string) (header []string, rows [][]string, err error) {
	for line := range strings.Lines(block) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		number, rest, _ := strings.Cut(cells[0], " ")
		switch {
		case number == "#" || (number != "" && strings.Trim(number, "0123456789") == ""):
			row := append([]string{number, strings.TrimSpace(rest)}, cells[1:]...)
			if number == "#" {
				header = row
			} else {
				rows = append(rows, row)
			}
		case len(rows) > 0:
			err = errors.Join(err, extend(rows[len(rows)-1], cells))
		default:
			err = errors.Join(err, extend(header, cells))
		}
	}
	for _, row := range rows {
		if len(row) != len(header) {
			err = errors.Join(err, fmt.Errorf("row %s has %d columns, the header %d", row[0], len(row), len(header)))
		}
	}
	if len(rows) == 0 {
		err = errors.Join(err, errors.New("the table has no rows"))
	}
	return header, rows, err
}

// extend puts the words of a further line below those of a row.
func extend(row, cells []string) error {
	if len(row) != len(cells)+1 {
		return fmt.Errorf("a line below %q has %d columns, not %d", strings.Join(row, " "), len(cells), len(row)-1)
	}
	for i, cell := range cells {
		// A dash at the end of a line parts a word.
		if first, parted := strings.CutSuffix(row[i+1], "-"); parted {
			row[i+1] = first + cell
		} else {
			row[i+1] = strings.TrimSpace(row[i+1] + " " + cell)
		}
	}
	return nil
}
