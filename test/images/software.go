package images

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/probe-injector/probe-injector/test/binaries"
	"github.com/probe-injector/probe-injector/test/checkout"
)

// Software makes the image of one of the folders in test/images/software: software as Debian packages it, by the
// reference under which people know its image, so that the catalogue recognises it. The reference stands in the first
// line of the Dockerfile, as "# Image: REFERENCE". It takes a quarter of a minute to a minute the first time.
func Software(ctx context.Context, name string) (Image, error) {
	folder, err := softwareFolder()
	if err != nil {
		return Image{}, err
	}
	folder = filepath.Join(folder, name)
	reference, err := referenceIn(filepath.Join(folder, "Dockerfile"))
	if err != nil {
		return Image{}, err
	}
	return onDebian(ctx, reference, folder)
}

// SoftwareNames lists the folders in test/images/software.
func SoftwareNames() ([]string, error) {
	folder, err := softwareFolder()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("listing the software: %w", err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, nil
}

// Etcd makes an image of the etcd that the tests run: the one that Debian packages is older than what its preset is for.
func Etcd(ctx context.Context) (Image, error) {
	program, err := binaries.Etcd(ctx)
	if err != nil {
		return Image{}, err
	}
	return FromProgram(ctx, "quay.io/coreos/etcd:v3.6", program)
}

func softwareFolder() (string, error) {
	root, err := checkout.Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "test", "images", "software"), nil
}

// referenceIn reads the name of an image from the first line of its Dockerfile.
func referenceIn(dockerfile string) (string, error) {
	content, err := os.ReadFile(dockerfile)
	if err != nil {
		return "", fmt.Errorf("reading the name of an image: %w", err)
	}
	first, _, _ := strings.Cut(string(content), "\n")
	reference, found := strings.CutPrefix(first, "# Image: ")
	if !found {
		return "", fmt.Errorf("%s: the first line must be %q", dockerfile, "# Image: REFERENCE")
	}
	return reference, nil
}
