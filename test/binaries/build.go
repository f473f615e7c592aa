package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/test/process"
)

// target is one program to build.
type target struct {
	// folder is the module that pins the program.
	folder string
	// pkg is the program's main package.
	pkg string
	// program is its name, and version its version as Go writes it: v1.36.3.
	program, version string
}

// build returns the path of the program in bin/, and builds it if it is not there.
func build(ctx context.Context, t target) (string, error) {
	path := t.output()
	if exists(path) {
		return path, nil
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the folder for binaries: %w", err)
	}
	// Packages are tested in parallel, and each would build the same.
	unlock, err := lock(ctx, filepath.Join(dir, "."+t.program+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(path) {
		return path, nil
	}
	fmt.Fprintf(os.Stderr, "building %s %s into %s, once; %s\n", t.program, t.version, dir, t.patience())
	started := time.Now()
	if err := t.compile(ctx, path); err != nil {
		return "", err
	}
	fmt.Fprintf(os.Stderr, "built %s in %s\n", t.program, time.Since(started).Round(time.Second))
	return path, nil
}

// compile runs the Go compiler. The program appears under its name when it is complete, never before.
func (t target) compile(ctx context.Context, path string) error {
	unfinished := filepath.Join(filepath.Dir(path), "."+t.program+".unfinished")
	log := filepath.Join(filepath.Dir(path), "."+t.program+".build.log")
	if err := errors.Join(removeIfThere(unfinished), removeIfThere(log)); err != nil {
		return err
	}
	compiler, err := process.Start(process.Command{
		Path:    "go",
		Args:    []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", t.linkerFlags(), "-o", unfinished, t.pkg},
		Dir:     t.folder,
		Env:     []string{"CGO_ENABLED=0", "GOWORK=off"},
		LogFile: log,
	})
	if err != nil {
		return err
	}
	select {
	case <-compiler.Done():
	case <-ctx.Done():
		return errors.Join(compiler.Kill(), fmt.Errorf("building %s: %w", t.program, ctx.Err()))
	}
	if !compiler.State().Success() {
		return compiler.Failure("could not build " + t.pkg)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return fmt.Errorf("putting %s in its place: %w", t.program, err)
	}
	return removeIfThere(log)
}

// linkerFlags leaves out what only debuggers need. Programs of Kubernetes are also told their version: without it they
// report v0.0.0, and clients complain.
func (t target) linkerFlags() string {
	flags := []string{"-s", "-w"}
	numbers := strings.SplitN(strings.TrimPrefix(t.version, "v"), ".", 3)
	if strings.HasPrefix(t.pkg, "k8s.io/kubernetes/") && len(numbers) == 3 {
		for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
			flags = append(flags,
				"-X", pkg+".gitVersion="+t.version,
				"-X", pkg+".gitMajor="+numbers[0],
				"-X", pkg+".gitMinor="+numbers[1],
			)
		}
	}
	return strings.Join(flags, " ")
}

// patience says how long the build takes on two cores.
func (t target) patience() string {
	switch {
	case t.program == "etcd":
		return "this takes about half a minute"
	case t.program == "kube-apiserver":
		return "this takes about five minutes the first time"
	default:
		return "this takes about a minute after kube-apiserver, else several"
	}
}

// output is where the program belongs: bin/kubernetes-1.36.3/kube-apiserver.
func (t target) output() string {
	project, _, _ := strings.Cut(filepath.Base(t.folder), "-")
	root := filepath.Dir(filepath.Dir(filepath.Dir(t.folder)))
	return filepath.Join(root, "bin", project+"-"+strings.TrimPrefix(t.version, "v"), t.program)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("clearing an earlier build: %w", err)
	}
	return nil
}
