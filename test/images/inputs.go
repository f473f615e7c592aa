package images

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// hashLength is how many digits of the hash stand in the name of an archive: enough to tell states of one checkout
// apart.
const hashLength = 16

// inputs are what an image is made of.
type inputs struct {
	texts []string
	// files are files and whole folders.
	files []string
	// withoutTests leaves out what .dockerignore keeps from the build: files of tests and folders of their data.
	withoutTests bool
}

// hash is the same for the same texts, and for files of the same content by the same names below root.
func (i inputs) hash(root string) (string, error) {
	sum := sha256.New()
	for _, text := range i.texts {
		writePart(sum, text)
	}
	for _, start := range i.files {
		err := filepath.WalkDir(start, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case i.withoutTests && entry.IsDir() && entry.Name() == "testdata":
				return fs.SkipDir
			case entry.IsDir(), i.withoutTests && strings.HasSuffix(path, "_test.go"):
				return nil
			}
			return addFile(sum, root, path)
		})
		if err != nil {
			return "", fmt.Errorf("reading what it is made of: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:hashLength], nil
}

// addFile adds a file's name, whether it may be run, and its content.
func addFile(sum hash.Hash, root, path string) error {
	name, err := filepath.Rel(root, path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	writePart(sum, fmt.Sprint(name, info.Mode().Perm()&0o100, info.Size()))
	_, err = io.Copy(sum, file)
	return err
}

// writePart adds a text with its length, so that no two lists of texts look alike.
func writePart(sum hash.Hash, text string) {
	fmt.Fprintf(sum, "%d:%s", len(text), text)
}
