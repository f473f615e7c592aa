package main

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"

	"github.com/probe-injector/probe-injector/policy"
)

// precedenceSource is where the truth table stands, next to the code that it describes.
const precedenceSource = "policy/choose.go"

// The other tables stand next to their code as well.
const (
	containerSource = "policy/target.go"
	portSource      = "policy/portnames.go"
)

func decisionTablePage(root string) (string, error) {
	d := newDocument("Decision table",
		`For everybody: what wins when existing probes, annotations, profiles, rules and ports meet.`,
		"the comments in `"+precedenceSource+"`, `"+containerSource+"` and `"+portSource+"`")
	err := fromComment(d, root, precedenceSource)
	d.heading("Which container")
	err = errors.Join(err, fromComment(d, root, containerSource))
	d.heading("Which port")
	err = errors.Join(err, fromComment(d, root, portSource))
	gateTable(d)
	d.paragraph("The reasons among the outcomes are explained in [reasons.md](reasons.md).")
	return d.String(), err
}

// fromComment writes the comment of a file that has a table.
func fromComment(d *document, root, source string) error {
	comment, err := tableComment(filepath.Join(root, filepath.FromSlash(source)))
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	for block := range strings.SplitSeq(comment, "\n\n") {
		if !strings.Contains(block, "|") {
			d.paragraph(block)
			continue
		}
		header, rows, err := truthTable(block)
		if err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		d.table(header, rows)
	}
	return nil
}

// gateTable lists the checks that every handler passes before it is injected.
func gateTable(d *document) {
	d.heading("The gate")
	d.paragraph("Every handler passes these checks, the startup probe that comes along with liveness too. A handler that " +
		"the program chose is refused for the reason; a handler that a person wrote gets the answer in the last column. What is about " +
		"the port counts as written only where the port is: the port of `/healthz` is chosen.")
	var rows [][]string
	for _, c := range policy.Checks() {
		written := string(c.Written)
		if c.Port {
			written += "; about the port"
		}
		rows = append(rows, []string{c.Question, "`" + string(c.Reason) + "`", written})
	}
	d.table([]string{"found", "a chosen handler is refused for", "a written one is"}, rows)
	d.paragraph("Last of all, no chosen probe is kept that a lint rule would call an error or a warning, beside what the container has " +
		"(`lint_rule`).")
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
