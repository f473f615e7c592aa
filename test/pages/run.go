package pages

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	// commandTimeout is how long a command may take. Building the image takes longest, two minutes on two cores.
	commandTimeout = 10 * time.Minute
	// lookTimeout is how long it may take until a command that only looks prints what the page shows.
	lookTimeout = 45 * time.Second
	// lookEvery is how often it looks.
	lookEvery = 500 * time.Millisecond
)

// Stage is what the commands of the pages find: see Directive.
type Stage interface {
	// Fresh removes what was installed.
	Fresh(ctx context.Context) error
	// Give makes something by its name.
	Give(ctx context.Context, name string) error
}

// Result is what became of a command.
type Result struct {
	// Line is the command's.
	Line          int
	Text, Printed string
	Code          int
	Took          time.Duration
	// Broken reports whether it ended with another code than the page says.
	Broken bool
	// Failure says what is not as the page says, with the page and the line; empty if nothing is.
	Failure string
	// matched reports whether the output is the one that the page shows, whatever else is wrong.
	matched bool
}

// Runner runs pages.
type Runner struct {
	Shell *Shell
	Stage Stage
	// Folder is where files are made that pages show.
	Folder string
	// LookTimeout is how long it looks, lookTimeout if it is zero.
	LookTimeout time.Duration
}

// Run runs all blocks of a page and returns what became of each command, until one failed in a way that later ones cannot
// be expected to survive: by its exit code. What is a part of some output comes last, since a page may show it before it
// says how to get the program.
func (r *Runner) Run(ctx context.Context, page Page) ([]Result, error) {
	var results []Result
	for _, partly := range []bool{false, true} {
		for _, block := range page.Blocks {
			if block.PartOf != "" != partly {
				continue
			}
			more, err := r.block(ctx, page, block)
			results = append(results, more...)
			if err != nil || len(more) > 0 && more[len(more)-1].Broken {
				return results, err
			}
		}
	}
	return results, nil
}

// block runs the commands of a block until one ends with another code.
func (r *Runner) block(ctx context.Context, page Page, block Block) ([]Result, error) {
	if err := r.prepare(ctx, block); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", page.Path, block.Line, err)
	}
	if block.NotRun != "" {
		return nil, nil
	}
	var results []Result
	for _, command := range block.Commands {
		result, err := r.command(ctx, page, block, command)
		if err != nil {
			return results, err
		}
		results = append(results, result)
		if result.Broken {
			return results, nil
		}
	}
	return results, nil
}

// prepare makes what a block's comment asks for.
func (r *Runner) prepare(ctx context.Context, block Block) error {
	if block.Fresh {
		if err := r.Stage.Fresh(ctx); err != nil {
			return err
		}
	}
	for _, name := range block.Given {
		if err := r.Stage.Give(ctx, name); err != nil {
			return err
		}
	}
	if block.File == "" {
		return nil
	}
	if err := os.WriteFile(filepath.Join(r.Folder, block.File), []byte(block.Text), 0o600); err != nil {
		return fmt.Errorf("writing a file that the page shows: %w", err)
	}
	return nil
}

// command runs one command. One that only looks is repeated until it prints what the page shows: readers look again, too.
func (r *Runner) command(ctx context.Context, page Page, block Block, command Command) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	timeout := r.LookTimeout
	if timeout == 0 {
		timeout = lookTimeout
	}
	result := Result{Line: command.Line, Text: command.Text}
	began := time.Now()
	for {
		printed, code, err := r.Shell.Run(ctx, command.Text)
		if err != nil {
			return result, fmt.Errorf("%s:%d: %s: %w\n%s", page.Path, command.Line, command.Text, err, printed)
		}
		result.Printed, result.Code, result.Took = printed, code, time.Since(began)
		result.Broken = code != block.Exit
		result.matched = !command.Compared || matches(command.Output, printed)
		if block.PartOf != "" && !contains(printed, block.Text) {
			result.Broken = true
		}
		result.Failure = failure(page, block, command, result)
		if result.Failure == "" || !looks(command.Text) || result.Took > timeout {
			return result, nil
		}
		select {
		case <-ctx.Done():
			return result, ctx.Err()
		case <-time.After(lookEvery):
		}
	}
}

// looks reports whether a command changes nothing.
func looks(command string) bool {
	return strings.Contains(command, "--dry-run=server") ||
		regexp.MustCompile(`^kubectl (-n \S+ |--namespace \S+ )?(get|describe|logs) `).MatchString(command)
}

func failure(page Page, block Block, command Command, result Result) string {
	where := fmt.Sprintf("%s:%d: $ %s\n", page.Path, command.Line, command.Text)
	switch {
	case result.Broken && block.PartOf != "":
		return where + "prints no such part:\n" + block.Text
	case result.Broken:
		return fmt.Sprintf("%sended with %d, not with %d:\n%s", where, result.Code, block.Exit, result.Printed)
	case !result.matched:
		return where + diff(command.Output, result.Printed)
	}
	return ""
}
