package software

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// Module is a program that is built as its authors do it, with the dependencies that their own go.mod says. What is
// downloaded is what the checksum database of Go has seen, so the version alone pins it.
type Module struct {
	Path, Version string
	// Package is the main package, from the folder of the module.
	Package string
	// Name is the name of the program.
	Name string
}

// Make downloads the module and builds the program.
func (m Module) Make(ctx context.Context) error {
	path, err := m.Program()
	if err != nil {
		return err
	}
	output, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", m.Path+"@"+m.Version).Output()
	if err != nil {
		return fmt.Errorf("downloading %s: %w: %s", m.Path, err, output)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(output, &downloaded); err != nil {
		return fmt.Errorf("downloading %s: %w", m.Path, err)
	}
	return gobuild.Build(ctx, gobuild.Target{Dir: downloaded.Dir, Package: m.Package, Output: path, Once: true})
}

// Program is the path of the program.
func (m Module) Program() (string, error) {
	root, err := checkout.Root()
	return folder(root, m.Name+"-"+m.Version, m.Name), err
}

// Root is empty.
func (Module) Root() ([]string, error) { return nil, nil }

// Own is a program of this module, for what is a library and no program.
type Own struct {
	// Name is the name of the program and of its folder.
	Name string
}

// Make builds the program.
func (o Own) Make(ctx context.Context) error {
	path, err := o.Program()
	if err != nil {
		return err
	}
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	return gobuild.Build(ctx, gobuild.Target{
		Dir: filepath.Join(root, "test"), Package: "./software/" + o.Name, Output: path,
	})
}

// Program is the path of the program.
func (o Own) Program() (string, error) {
	root, err := checkout.Root()
	return folder(root, o.Name), err
}

// Root is empty.
func (Own) Root() ([]string, error) { return nil, nil }
