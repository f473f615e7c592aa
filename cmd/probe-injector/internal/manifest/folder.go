package manifest

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// extensions are those of the files that are read in a folder, as for kubectl.
var extensions = []string{".json", ".yaml", ".yml"}

// sourceFiles tell folders whose files are the input of another program: they are no manifests until it has run.
var sourceFiles = []struct{ name, print string }{
	{"Chart.yaml", "helm template"},
	{"kustomization.yaml", kustomizeBuild},
	{"kustomization.yml", kustomizeBuild},
	{"Kustomization", kustomizeBuild},
}

// kustomizeBuild is the command whose output is a kustomization's manifests.
const kustomizeBuild = "kustomize build"

// visited are files and folders that were read, by their real paths.
type visited map[string]bool

// enter reports whether a path is new.
func (v visited) enter(path string) bool {
	if seen := v[path]; seen {
		return false
	}
	v[path] = true
	return true
}

// folderWalk finds the files of folders. Links are followed, each file and folder is read once, so that loops end.
type folderWalk struct {
	recursive bool
	seen      visited

	files []string
	notes []string
	errs  []error
}

func (w *folderWalk) folder(name string) {
	if !w.isNew(name) {
		return
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		w.errs = append(w.errs, plain(name, err))
	}
	for _, s := range sourceFiles {
		if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == s.name }) {
			w.notes = append(w.notes, fmt.Sprintf("%s: not read, because of its %s: lint what %s prints", name, s.name, s.print))
			return
		}
	}
	for _, entry := range entries {
		w.entry(filepath.Join(name, entry.Name()))
	}
}

func (w *folderWalk) entry(path string) {
	wanted := slices.Contains(extensions, filepath.Ext(path))
	info, err := os.Stat(path)
	switch {
	case err != nil && !wanted:
		// A link to nothing, which nobody would read.
	case err != nil:
		w.errs = append(w.errs, plain(path, err))
	case info.IsDir():
		if w.recursive {
			w.folder(path)
		}
	case !wanted:
	case !info.Mode().IsRegular():
		w.errs = append(w.errs, fmt.Errorf("%s: is no file but a device, socket or pipe", path))
	case w.isNew(path):
		w.files = append(w.files, path)
	}
}

// isNew reports whether a path leads to what was not read yet.
func (w *folderWalk) isNew(path string) bool {
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		target, err = filepath.Abs(target)
	}
	if err != nil {
		w.errs = append(w.errs, plain(path, err))
		return false
	}
	return w.seen.enter(target)
}
