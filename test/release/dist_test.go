package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/test/checkout"
)

// largestFile bounds what is read of one file in an archive, bytes.
const largestFile = 100 << 20

// dist is the path of a file of the release, or of the folder.
func dist(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("RELEASE_DIST")
	if folder == "" {
		folder = filepath.Join(root(t), "dist")
	}
	if _, err := os.Stat(filepath.Join(folder, "checksums.txt")); err != nil {
		t.Fatalf("there is no release, run make release: %v", err)
	}
	return filepath.Join(folder, name)
}

func root(t *testing.T) string {
	t.Helper()
	folder, err := checkout.Root()
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// number is the release without its v, as file names have it.
func number(t *testing.T) string {
	t.Helper()
	version, err := checkout.Version()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(version, "v")
}

// tool is a program that "make release" has built.
func tool(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(root(t), "bin", "release-tools", name)
}

// run runs a program and returns what it printed.
func run(t *testing.T, program string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dist(t, "")
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// must runs a program that has to succeed.
func must(t *testing.T, program string, args ...string) string {
	t.Helper()
	output, err := run(t, program, args...)
	if err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(append([]string{filepath.Base(program)}, args...), " "), err, output)
	}
	return output
}

// unpacked writes the regular files of an archive into a folder and returns it.
func unpacked(t *testing.T, archive string) string {
	t.Helper()
	folder := t.TempDir()
	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case strings.HasSuffix(archive, ".zip"):
		unzip(t, content, folder)
	case strings.HasSuffix(archive, "gz"):
		uncompressed, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		untar(t, uncompressed, folder)
	default:
		untar(t, bytes.NewReader(content), folder)
	}
	return folder
}

func untar(t *testing.T, from io.Reader, folder string) {
	t.Helper()
	for files := tar.NewReader(from); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			write(t, folder, header.Name, files)
		}
	}
}

func unzip(t *testing.T, content []byte, folder string) {
	t.Helper()
	files, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files.File {
		opened, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		write(t, folder, file.Name, opened)
		if err := opened.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// write writes one file of an archive so that it can be run.
func write(t *testing.T, folder, name string, from io.Reader) {
	t.Helper()
	content, err := io.ReadAll(io.LimitReader(from, largestFile))
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(folder, filepath.FromSlash(path.Clean("/"+name)))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(target, content, 0o755); err != nil {
		t.Fatal(err)
	}
}
