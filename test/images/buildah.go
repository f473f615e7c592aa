package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/process"
)

// buildah runs the programs that make images.
type buildah struct {
	// configuration is the file that says where images are stored.
	configuration string
	// log receives what the programs write.
	log string
}

// newBuildah prepares a store of images below the folder, and an empty log by the name.
func newBuildah(folder, name string) (buildah, error) {
	tools := buildah{
		configuration: filepath.Join(folder, "storage.conf"),
		log:           filepath.Join(folder, "."+name+".log"),
	}
	storage := filepath.Join(folder, "storage")
	text := fmt.Sprintf("[storage]\ndriver = \"overlay\"\ngraphroot = %q\nrunroot = %q\n",
		filepath.Join(storage, "graph"), filepath.Join(storage, "run"))
	if err := os.WriteFile(tools.configuration, []byte(text), 0o600); err != nil {
		return tools, fmt.Errorf("saying where images are stored: %w", err)
	}
	return tools, removeIfThere(tools.log)
}

// check says what is missing before a program is run. Debian's packages have the names of their programs.
func check(program string) error {
	if os.Geteuid() != 0 {
		return errors.New("images are made by root: run this as root, or run go -C test run ./images/build as root beforehand")
	}
	if _, err := exec.LookPath(program); err != nil {
		return fmt.Errorf("%s is missing: apt-get install %s", program, program)
	}
	return nil
}

// build builds a folder by its Dockerfile and writes the archive. Nothing is pulled from a registry; RUN lines have the
// network of the machine.
func (b buildah) build(ctx context.Context, folder, reference, archive string) error {
	err := b.run(ctx, "buildah", "bud", "--isolation", "chroot", "--pull-never", "--tag", reference, folder)
	if err != nil {
		return err
	}
	if err := b.push(ctx, reference, archive); err != nil || reference == debianReference {
		return err
	}
	// The archive has all of it; only what others begin from is of use in the store.
	return b.run(ctx, "buildah", "rmi", reference)
}

// push writes an image of the store into an archive.
func (b buildah) push(ctx context.Context, reference, archive string) error {
	return b.run(ctx, "buildah", "push", "--quiet", reference, "docker-archive:"+archive+":"+reference)
}

// load brings an image into the store, where FROM finds it, if it is not there.
func (b buildah) load(ctx context.Context, image Image) error {
	if b.run(ctx, "buildah", "inspect", "--type", "image", "--format", "{{.FromImageID}}", image.Reference) == nil {
		return nil
	}
	return b.run(ctx, "buildah", "pull", "--quiet", "docker-archive:"+image.Archive)
}

// script runs a script of this repository that uses buildah, with an environment.
func (b buildah) script(ctx context.Context, path string, env ...string) error {
	if err := check("buildah"); err != nil {
		return err
	}
	return b.start(ctx, process.Command{Path: path, Env: env})
}

// run runs a program to its end.
func (b buildah) run(ctx context.Context, program string, args ...string) error {
	if err := check(program); err != nil {
		return err
	}
	return b.start(ctx, process.Command{Path: program, Args: args})
}

// start runs a command to its end. The error has the end of what it wrote.
func (b buildah) start(ctx context.Context, command process.Command) error {
	command.Env = append(command.Env, "CONTAINERS_STORAGE_CONF="+b.configuration)
	command.LogFile = b.log
	running, err := process.Start(command)
	if err != nil {
		return err
	}
	select {
	case <-running.Done():
	case <-ctx.Done():
		return errors.Join(running.Kill(), fmt.Errorf("%s: %w", running.Name(), ctx.Err()))
	}
	if !running.State().Success() {
		return running.Failure("failed")
	}
	return nil
}
