package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Update writes what the commands printed into a page, where it shows something else.
func Update(root string, page Page, results []Result) error {
	path := filepath.Join(root, filepath.FromSlash(page.Path))
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading a page: %w", err)
	}
	source := strings.Split(string(content), "\n")
	byLine := map[int]Result{}
	for _, result := range results {
		byLine[result.Line] = result
	}
	// From the last to the first, so that the numbers of the lines before stay right.
	for _, block := range slices.Backward(page.Blocks) {
		for _, command := range slices.Backward(block.Commands) {
			if result, ran := byLine[command.Line]; ran && !result.matched {
				source = replaceOutput(source, command, page.indentation(source, block), result.Printed)
			}
		}
	}
	if err := os.WriteFile(path, []byte(strings.Join(source, "\n")), 0o600); err != nil {
		return fmt.Errorf("writing a page: %w", err)
	}
	return nil
}

// replaceOutput replaces the lines behind a command.
func replaceOutput(source []string, command Command, indentation, printed string) []string {
	first := command.Line - 1 + strings.Count(command.Text, "\n") + 1
	last := first + strings.Count(command.Output, "\n")
	var output []string
	if text := strings.TrimRight(printed, "\n"); text != "" {
		for line := range strings.SplitSeq(text, "\n") {
			output = append(output, strings.TrimRight(indentation+line, " "))
		}
	}
	return append(source[:first:first], append(output, source[last:]...)...)
}
