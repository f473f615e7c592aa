// Package previous builds the release before this checkout: its chart, and its webhook from its own sources. Tests of
// upgrades come from it and go back to it.
//
// Both are in release.tar.gz as they were, without tests, so that they can be built from any copy of the repository, also
// one without its history. "make previous COMMIT=v0.1.0" takes them from a commit: whoever releases does that with the
// commit of the release, right after it.
package previous

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// Version is what the previous release's webhook says of itself, and the tag of its image. The chart's appVersion may
// still be that of this checkout.
const Version = "v0.0.0-previous"

// largestFile bounds what is unpacked of one file, bytes: several times the largest one.
const largestFile = 8 << 20

//go:embed release.tar.gz
var archive []byte

// Release is the previous release, unpacked.
type Release struct{ folder string }

// Unpack unpacks the release into a folder of .cache/previous that is named after its content.
func Unpack() (Release, error) {
	root, err := checkout.Root()
	if err != nil {
		return Release{}, err
	}
	sum := sha256.Sum256(archive)
	folder := filepath.Join(root, ".cache", "previous", hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(folder); err == nil {
		return Release{folder}, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return Release{}, fmt.Errorf("making a folder for the previous release: %w", err)
	}
	unfinished, err := os.MkdirTemp(filepath.Dir(folder), ".unfinished-")
	if err != nil {
		return Release{}, fmt.Errorf("making a folder for the previous release: %w", err)
	}
	if err := unpack(unfinished); err != nil {
		return Release{}, errors.Join(fmt.Errorf("unpacking the previous release: %w", err), os.RemoveAll(unfinished))
	}
	// Another test may have been faster. Its folder has the same files.
	if err := os.Rename(unfinished, folder); err != nil && !errors.Is(err, os.ErrExist) {
		return Release{}, errors.Join(fmt.Errorf("unpacking the previous release: %w", err), os.RemoveAll(unfinished))
	}
	return Release{folder}, os.RemoveAll(unfinished)
}

// unpack writes all files of the archive below a folder, and none beside it.
func unpack(folder string) (err error) {
	text, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for files := tar.NewReader(text); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if err := write(root, header.Name, files); err != nil {
			return err
		}
	}
}

func write(root *os.Root, name string, from io.Reader) error {
	content, err := io.ReadAll(io.LimitReader(from, largestFile+1))
	if err != nil {
		return err
	}
	if len(content) > largestFile {
		return fmt.Errorf("%s has more than %d bytes", name, largestFile)
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return root.WriteFile(name, content, 0o644)
}

// Chart is the folder of the release's Helm chart.
func (r Release) Chart() string { return filepath.Join(r.folder, "charts", "probe-injector") }

// Webhook builds the release's webhook and returns its path. It takes half a minute the first time.
func (r Release) Webhook(ctx context.Context) (string, error) {
	program := filepath.Join(r.folder, "bin", "probe-injector-webhook")
	err := gobuild.Build(ctx, gobuild.Target{
		Dir: r.folder, Package: "./cmd/webhook", Output: program, Once: true,
		LinkerFlags: "-X github.com/probe-injector/probe-injector/cmd/internal/version.release=" + Version,
	})
	if err != nil {
		return "", fmt.Errorf("building the webhook of the previous release: %w", err)
	}
	return program, nil
}
