package images

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/checkout"
)

// The release of Debian that images stand on, by the reference that Dockerfiles begin from.
const (
	debianSuite     = "bookworm"
	debianReference = "docker.io/library/debian:bookworm-slim"
)

// debian makes an image of Debian like the one of that name on Docker Hub: the packages that are essential, no
// documentation, no service that starts by itself. The mirror is $DEBIAN_MIRROR, else http://deb.debian.org/debian. It
// takes about a minute.
func debian(ctx context.Context) (Image, error) {
	root, err := checkout.Root()
	if err != nil {
		return Image{}, err
	}
	mirror := os.Getenv("DEBIAN_MIRROR")
	if mirror == "" {
		mirror = "http://deb.debian.org/debian"
	}
	folder := filepath.Join(root, "test", "images", "debian")
	return recipe{
		reference: debianReference,
		inputs:    inputs{texts: []string{debianSuite, mirror}, files: []string{folder}},
		make: func(ctx context.Context, tools buildah, work, archive string) error {
			return makeDebian(ctx, tools, debianSources{folder: folder, mirror: mirror}, work, archive)
		},
	}.image(ctx)
}

// debianSources is where Debian comes from.
type debianSources struct {
	// folder has the Dockerfile, and mirror the packages.
	folder, mirror string
}

// makeDebian installs Debian into a folder and makes an image of it by the Dockerfile in test/images/debian.
func makeDebian(ctx context.Context, tools buildah, from debianSources, work, archive string) error {
	if err := check("debootstrap"); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(work, "context"), os.DirFS(from.folder)); err != nil {
		return fmt.Errorf("copying the Dockerfile of Debian: %w", err)
	}
	root := filepath.Join(work, "root")
	// What debootstrap mounts below the folder is mounted in a namespace of its own, and is gone with it. Else removing
	// the folder after an interruption would reach into the machine's own /proc.
	err := tools.run(ctx, "unshare", "--mount", "--propagation=private",
		"debootstrap", "--variant=minbase", debianSuite, root, from.mirror)
	if err != nil {
		return err
	}
	err = tools.run(ctx, "tar", "-C", root, "--one-file-system",
		"--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*", "--exclude=./dev/*",
		"--exclude=./usr/share/doc/*", "--exclude=./usr/share/man/*", "--exclude=./usr/share/locale/*",
		"-cf", filepath.Join(work, "context", "root.tar"), ".")
	if err != nil {
		return err
	}
	return tools.build(ctx, filepath.Join(work, "context"), debianReference, archive)
}
