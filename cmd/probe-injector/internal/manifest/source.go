package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// source is one text with manifests.
type source struct {
	// name is the file, for people.
	name string
	text []byte
}

// extensions are those of the files that are read in a folder, as for kubectl.
var extensions = []string{".json", ".yaml", ".yml"}

// read reads every source that the names stand for. What could be read comes also with an error.
func (f *Files) read() (sources []source, errs []error) {
	var names []string
	for _, name := range f.Names {
		if slices.Contains(names, name) {
			continue
		}
		names = append(names, name)
		read, err := f.readOne(name)
		sources = append(sources, read...)
		if err != nil {
			errs = append(errs, fmt.Errorf("reading manifests: %w", err))
		}
	}
	return sources, errs
}

func (f *Files) readOne(name string) ([]source, error) {
	if name == Stdin {
		text, err := io.ReadAll(f.Stdin)
		return []source{{"standard input", text}}, err
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%q does not exist", name)
	case err != nil:
		return nil, err
	}
	files := []string{name}
	if info.IsDir() {
		if files, err = f.within(name); err != nil {
			return nil, err
		}
	}
	var sources []source
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return sources, err
		}
		sources = append(sources, source{file, text})
	}
	return sources, nil
}

// within lists the files of a folder.
func (f *Files) within(name string) (files []string, err error) {
	err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != name && !f.Recursive:
			return fs.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, filepath.Ext(path)):
			files = append(files, path)
		}
		return nil
	})
	return files, err
}
