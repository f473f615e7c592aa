package process

import (
	"fmt"
	"os"
	"strings"
)

// Log returns everything the program has written.
func (p *Process) Log() (string, error) {
	content, err := os.ReadFile(p.command.LogFile)
	if err != nil {
		return "", fmt.Errorf("reading the log of %s: %w", p.Name(), err)
	}
	return string(content), nil
}

// LogTail returns the last lines that the program has written. It is meant for error messages, so a log that cannot be
// read is text as well.
func (p *Process) LogTail(lines int) string {
	content, err := p.Log()
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(content, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
