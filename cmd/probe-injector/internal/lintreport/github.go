package lintreport

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
)

// GitHub writes a workflow command for each finding, which the runner shows beside the line
// (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
func (r *Report) GitHub(to io.Writer) error {
	commands := map[finding.Severity]string{finding.Error: "error", finding.Warning: "warning", finding.Note: "notice"}
	for i := range r.Findings {
		f := &r.Findings[i]
		if _, err := fmt.Fprintf(to, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", commands[f.Severity], property(relative(f.Position.File)),
			max(1, f.Position.Line), max(1, f.Position.Column), property(f.ID), data(f.Sentence())); err != nil {
			return err
		}
	}
	return nil
}

// data escapes a message, and property what stands before it (actions/toolkit, packages/core/src/command.ts).
func data(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func property(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(text))
}

// relative is a file as seen from the current folder, which is the root of the repository where CI runs, with slashes.
func relative(file string) string {
	if filepath.IsAbs(file) {
		if here, err := filepath.Abs("."); err == nil {
			if from, err := filepath.Rel(here, file); err == nil {
				file = from
			}
		}
	}
	return filepath.ToSlash(filepath.Clean(file))
}
