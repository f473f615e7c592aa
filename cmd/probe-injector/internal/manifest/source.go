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
	if !info.IsDir() {
		text, err := os.ReadFile(name)
		return []source{{name, text}}, err
	}
	var sources []source
	err = filepath.WalkDir(name, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != name && !f.Recursive:
			return fs.SkipDir
		case entry.IsDir() || !slices.Contains(extensions, filepath.Ext(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			sources = append(sources, source{path, text})
		}
		return err
	})
	return sources, err
}
