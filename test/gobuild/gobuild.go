// Package gobuild builds Go programs for tests: one at a time however many packages are tested in parallel, and so that
// a program is there whole or not at all.
package gobuild

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/process"
)

// Target is one program.
type Target struct {
	// Dir is a folder of the module that has the package, or requires it.
	Dir string
	// Package is the main package.
	Package string
	// Output is the path of the program.
	Output string
	// Tags are build tags, separated by commas.
	Tags string
	// LinkerFlags are added to those that leave out what only debuggers need.
	LinkerFlags string
	// Cgo builds with cgo, which needs a C compiler.
	Cgo bool
	// Once leaves a program alone that is there already. Else it is brought up to date with its source.
	Once bool
}

// Build builds a program, without cgo unless the target asks for it.
func Build(ctx context.Context, target Target) error {
	if target.isDone() {
		return nil
	}
	dir, name := filepath.Split(target.Output)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder for binaries: %w", err)
	}
	unlock, err := Lock(ctx, filepath.Join(dir, "."+name+".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if target.isDone() {
		return nil
	}
	return target.compile(ctx, filepath.Join(dir, "."+name))
}

// isDone reports whether there is nothing to do.
func (t Target) isDone() bool {
	_, err := os.Stat(t.Output)
	return t.Once && err == nil
}

// cgo is the value of CGO_ENABLED.
func (t Target) cgo() string {
	if t.Cgo {
		return "1"
	}
	return "0"
}

// compile runs the compiler. Its files have names that begin with the given path.
func (t Target) compile(ctx context.Context, path string) error {
	unfinished, log := path+".unfinished", path+".build.log"
	if err := errors.Join(removeIfThere(unfinished), removeIfThere(log)); err != nil {
		return err
	}
	if err := copyIfThere(t.Output, unfinished); err != nil {
		return err
	}
	compiler, err := process.Start(process.Command{
		Path: "go",
		Args: []string{
			"build", "-trimpath", "-buildvcs=false", "-tags", t.Tags, "-ldflags", "-s -w " + t.LinkerFlags, "-o", unfinished, t.Package,
		},
		Dir:     t.Dir,
		Env:     []string{"CGO_ENABLED=" + t.cgo(), "GOWORK=off"},
		LogFile: log,
	})
	if err != nil {
		return err
	}
	select {
	case <-compiler.Done():
	case <-ctx.Done():
		return errors.Join(compiler.Kill(), fmt.Errorf("building %s: %w", t.Package, ctx.Err()))
	}
	if !compiler.State().Success() {
		return compiler.Failure("could not build " + t.Package)
	}
	// A program that runs at this moment keeps the file that it was started from.
	if err := os.Rename(unfinished, t.Output); err != nil {
		return fmt.Errorf("putting %s in its place: %w", t.Output, err)
	}
	return removeIfThere(log)
}

// copyIfThere gives the compiler the program of an earlier build to look at: it does not link one that is up to date
// again, which would take most of the time.
func copyIfThere(from, to string) error {
	content, err := os.ReadFile(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading an earlier build: %w", err)
	}
	if err := os.WriteFile(to, content, 0o755); err != nil {
		return fmt.Errorf("copying an earlier build: %w", err)
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("clearing an earlier build: %w", err)
	}
	return nil
}
