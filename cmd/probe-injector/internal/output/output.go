// Package output brings reports to where they belong: the standard output, and files. [Flag] is -o of every verb, [File] a file
// that is replaced as a whole.
package output

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
)

// Flag is the flag -o FORMAT[=FILE], which may be repeated.
type Flag struct {
	formats []string
	targets []target
}

// target is one report: its format, and the file; without one it is the standard output.
type target struct{ format, file string }

var _ pflag.Value = (*Flag)(nil)

// Formats returns the flag of a verb whose report has these formats. The first is written where nobody asks for another.
func Formats(first string, more ...string) *Flag {
	return &Flag{formats: append([]string{first}, more...)}
}

// AddTo adds the flag to those of a verb. The usage follows the list of formats; it may be empty.
func (f *Flag) AddTo(flags *pflag.FlagSet, usage string) {
	text := "the report's format: " + choice(f.formats) + "; FORMAT=FILE writes it to a file; may be repeated"
	if usage != "" {
		text += "; " + usage
	}
	flags.VarP(f, "output", "o", text)
}

// Set takes one value of the flag.
func (f *Flag) Set(text string) error {
	format, file, toFile := strings.Cut(text, "=")
	switch {
	case !slices.Contains(f.formats, format):
		return errors.New("must be " + choice(f.formats))
	case toFile && (file == "" || file == "-"):
		return errors.New("name a file after the =, or leave the = out for the standard output")
	case slices.Contains(f.targets, target{format, file}):
		// The shell's completion reads the flags twice.
		return nil
	case slices.ContainsFunc(f.targets, func(t target) bool { return t.file == file }):
		if !toFile {
			return errors.New("the standard output takes one report: write others to files, as in " + format + "=FILE")
		}
		return fmt.Errorf("%s takes one report", file)
	}
	f.targets = append(f.targets, target{format, file})
	return nil
}

// String is the flag as it was set.
func (f *Flag) String() string {
	var all []string
	for _, t := range f.targets {
		text := t.format
		if t.file != "" {
			text += "=" + t.file
		}
		all = append(all, text)
	}
	return strings.Join(all, ",")
}

// Type is how help names a value.
func (f *Flag) Type() string { return "FORMAT[=FILE]" }

// Values are the formats, for the shell's completion.
func (f *Flag) Values() []string { return f.formats }

// Stdout is the format of the report on the standard output; empty when all reports go to files.
func (f *Flag) Stdout() string {
	for _, t := range f.all() {
		if t.file == "" {
			return t.format
		}
	}
	return ""
}

// all are the reports to write: the first format, where none is asked for.
func (f *Flag) all() []target {
	if len(f.targets) == 0 {
		return []target{{format: f.formats[0]}}
	}
	return f.targets
}

// Write writes all reports and returns how the verb ends: with the error that is given, joined with what went wrong here.
// After an error that makes the report unusable or incomplete, no file is written: what stood at its place stays. The
// standard output is written in any case.
func (f *Flag) Write(stdout io.Writer, ended error, render func(format string, to io.Writer) error) error {
	var files []*File
	discard := func() {
		for _, file := range files {
			file.Discard()
		}
	}
	for _, t := range f.all() {
		if t.file == "" || exit.Of(ended) >= exit.Unusable {
			continue
		}
		file, err := Create(t.file)
		if err == nil {
			files = append(files, file)
			err = render(t.format, file)
		}
		if err != nil {
			discard()
			return errors.Join(ended, fmt.Errorf("writing the report: %w", err))
		}
	}
	if format := f.Stdout(); format != "" {
		to := bufio.NewWriter(stdout)
		err := render(format, to)
		if err == nil {
			err = to.Flush()
		}
		if err != nil {
			discard()
			return errors.Join(ended, fmt.Errorf("writing the report: %w", err))
		}
	}
	for i, file := range files {
		if err := file.Commit(); err != nil {
			files = files[i:]
			discard()
			return errors.Join(ended, fmt.Errorf("writing the report: %w", err))
		}
	}
	return ended
}

// choice is a list of words for people: "text, json or yaml".
func choice(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
