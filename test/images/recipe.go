package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// cacheFolder holds archives and what is needed to make them, below the root of the checkout.
const cacheFolder = ".cache/images"

// recipe says how an image is made.
type recipe struct {
	reference string
	// inputs are everything that the image is made of.
	inputs inputs
	// make writes the archive. It may use a folder, which is empty before and removed afterwards.
	make func(ctx context.Context, tools buildah, work, archive string) error
}

// image returns the image, made if its archive is not there. However many processes ask, one makes it.
func (r recipe) image(ctx context.Context) (Image, error) {
	root, err := checkout.Root()
	if err != nil {
		return Image{}, err
	}
	return r.imageBelow(ctx, root)
}

// imageBelow is image for a checkout at root.
func (r recipe) imageBelow(ctx context.Context, root string) (Image, error) {
	hash, err := r.inputs.hash(root)
	if err != nil {
		return Image{}, fmt.Errorf("image %s: %w", r.reference, err)
	}
	folder := filepath.Join(root, filepath.FromSlash(cacheFolder))
	image := Image{Reference: r.reference, Archive: filepath.Join(folder, r.name()+"-"+hash+".tar")}
	if isThere(image.Archive) {
		return image, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return Image{}, fmt.Errorf("making the folder for images: %w", err)
	}
	unlock, err := gobuild.Lock(ctx, filepath.Join(folder, "."+r.name()+".lock"))
	if err != nil {
		return Image{}, err
	}
	defer unlock()
	if isThere(image.Archive) {
		return image, nil
	}
	if err := r.makeArchive(ctx, image.Archive); err != nil {
		return Image{}, fmt.Errorf("image %s is not there and cannot be made: %w", r.reference, err)
	}
	return image, nil
}

// makeArchive puts the archive in its place, whole or not at all, and removes what it replaces.
func (r recipe) makeArchive(ctx context.Context, archive string) (err error) {
	folder, name := filepath.Dir(archive), r.name()
	tools, err := newBuildah(folder, name)
	if err != nil {
		return err
	}
	older, err := filepath.Glob(filepath.Join(folder, name+"-"+strings.Repeat("[0-9a-f]", hashLength)+".tar"))
	if err != nil {
		return fmt.Errorf("looking for older archives: %w", err)
	}
	work, err := os.MkdirTemp(folder, "."+name+"-")
	if err != nil {
		return fmt.Errorf("making a folder to work in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	fmt.Fprintf(os.Stderr, "making image %s, once\n", r.reference)
	started := time.Now()
	unfinished := filepath.Join(work, "archive.tar")
	if err := r.make(ctx, tools, work, unfinished); err != nil {
		return err
	}
	if err := os.Rename(unfinished, archive); err != nil {
		return fmt.Errorf("putting the archive in its place: %w", err)
	}
	for _, path := range older {
		if err := removeIfThere(path); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "made image %s in %s\n", r.reference, time.Since(started).Round(time.Second))
	return nil
}

// name is what files of the image are called: the reference without its registry and what a file name cannot have.
func (r recipe) name() string {
	_, path, _ := strings.Cut(r.reference, "/")
	return strings.NewReplacer("/", "_", ":", "_").Replace(path)
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing what is out of date: %w", err)
	}
	return nil
}
