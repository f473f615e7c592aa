package pages

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// Recorded is what a run of the pages found: commands with all that they printed, and files.
type Recorded struct {
	Page, Text string
	// Printed is masked. That of a block of sh is not kept.
	Printed string
}

// Record is what is kept of the results of a page.
func Record(page Page, results []Result) []Recorded {
	var all []Recorded
	for _, block := range page.Blocks {
		for _, entry := range block.entries() {
			recorded := Recorded{Page: page.Path, Text: entry.Text}
			for _, result := range results {
				if result.Line == entry.Line && entry.Compared {
					recorded.Printed = strings.Trim(Masked(result.Printed), "\n")
				}
			}
			all = append(all, recorded)
		}
	}
	return all
}

// entries are the commands of a block that is run, and the file of one that is a file.
func (b Block) entries() []Command {
	var entries []Command
	switch {
	case b.NotRun != "":
		return nil
	case b.File != "":
		return []Command{{Line: b.Line, Text: "cat > " + b.File + "\n" + strings.TrimSuffix(b.Text, "\n")}}
	}
	for _, command := range b.Commands {
		entry := command
		if b.PartOf != "" {
			entry.Text += "\n# prints, among other things:\n" + strings.TrimSuffix(b.Text, "\n")
		}
		if b.Exit != 0 {
			entry.Text += fmt.Sprintf("\n# ends with %d", b.Exit)
		}
		for _, given := range b.Given {
			entry.Text += "\n# given: " + given
		}
		if b.Fresh {
			entry.Text += "\n# on a fresh cluster"
		}
		entries = append(entries, entry)
	}
	return entries
}

// WriteRecord writes a record: a command after "$ ", its further lines after "> ", and its output after "| ".
func WriteRecord(path string, all []Recorded) error {
	var b strings.Builder
	b.WriteString("Written by \"make pages UPDATE=1\": what the commands of the pages printed. Times, generated names, hashes and IP addresses are left out.\n")
	page := ""
	for _, one := range all {
		if one.Page != page {
			page = one.Page
			b.WriteString("\n== " + page + "\n")
		}
		b.WriteString("\n$ " + strings.ReplaceAll(one.Text, "\n", "\n> ") + "\n")
		if one.Printed != "" {
			b.WriteString("| " + strings.ReplaceAll(one.Printed, "\n", "\n| ") + "\n")
		}
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("writing what the pages printed: %w", err)
	}
	return nil
}

// Keep puts the record of one page into a file that has those of others.
func Keep(path string, page Page, results []Result) error {
	have, err := ReadRecord(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var all []Recorded
	for _, name := range List() {
		if name == page.Path {
			all = append(all, Record(page, results)...)
			continue
		}
		for _, one := range have {
			if one.Page == name {
				all = append(all, one)
			}
		}
	}
	return WriteRecord(path, all)
}

// ReadRecord reads what WriteRecord wrote.
func ReadRecord(path string) ([]Recorded, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading what the pages printed: %w", err)
	}
	var all []Recorded
	page := ""
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		mark, rest, _ := strings.Cut(line, " ")
		switch last := len(all) - 1; mark {
		case "==":
			page = rest
		case "$":
			all = append(all, Recorded{Page: page, Text: rest})
		case ">":
			all[last].Text += "\n" + rest
		case "|":
			all[last].Printed += rest + "\n"
		}
	}
	for i := range all {
		all[i].Printed = strings.TrimSuffix(all[i].Printed, "\n")
	}
	return all, nil
}

// Check reports blocks of pages that are not as they were when the record was made: commands that were added, changed or
// removed, and output that is not what was printed.
func Check(pages []Page, record []Recorded) []string {
	var failures []string
	next := 0
	for _, page := range pages {
		for _, block := range page.Blocks {
			for _, entry := range block.entries() {
				where := fmt.Sprintf("%s:%d: ", page.Path, entry.Line)
				if next == len(record) {
					return append(failures, where+"was never run: $ "+entry.Text)
				}
				recorded := record[next]
				next++
				if recorded.Page != page.Path || recorded.Text != entry.Text {
					return append(failures, where+"changed since it was run:\n"+diff(entry.Text, recorded.Text))
				}
				if entry.Compared && !matches(entry.Output, recorded.Printed) {
					failures = append(failures, where+"$ "+entry.Text+"\n"+diff(entry.Output, recorded.Printed))
				}
			}
		}
	}
	if next < len(record) {
		failures = append(failures, record[next].Page+": was run and is gone: $ "+record[next].Text)
	}
	return failures
}
