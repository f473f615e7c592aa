package output

import (
	"bufio"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file that is written beside its place and then renamed, so that at its place stands either what stood there before or
// all of the new text, also when the program is killed.
type File struct {
	*bufio.Writer
	open *os.File
	// place is where it belongs; empty when it is written there at once: a device, a pipe.
	place string
}

// newFileMode is what the process's umask is taken from.
const newFileMode = 0o666

// Create begins a file. Either Commit or Discard ends it.
func Create(path string) (*File, error) {
	place, mode, err := placeOf(path)
	if err != nil {
		return nil, err
	}
	name, flags := path, os.O_WRONLY
	if place != "" {
		// The same folder, so that renaming is one step; hidden, so that a reader of the folder does not take it for another.
		name = filepath.Join(filepath.Dir(place), "."+filepath.Base(place)+"."+rand.Text()+".tmp")
		flags |= os.O_CREATE | os.O_EXCL
	}
	open, err := os.OpenFile(name, flags, newFileMode)
	if err != nil {
		return nil, err
	}
	f := &File{bufio.NewWriter(open), open, place}
	if mode != 0 && place != "" {
		// The owner first: changing it takes permissions away.
		err := keepOwner(open, place)
		if err == nil {
			err = open.Chmod(mode)
		}
		if err != nil {
			f.Discard()
			return nil, err
		}
	}
	return f, nil
}

// placeOf follows links to the file itself, whose owner and permissions stay. It has no place if it is no regular file.
func placeOf(path string) (place string, mode fs.FileMode, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, 0, nil
	case err != nil:
		return "", 0, err
	case info.IsDir():
		return "", 0, &fs.PathError{Op: "write", Path: path, Err: errors.New("is a folder")}
	case !info.Mode().IsRegular():
		return "", 0, nil
	}
	place, err = filepath.EvalSymlinks(path)
	return place, info.Mode().Perm(), err
}

// Commit puts the file in its place.
func (f *File) Commit() error {
	err := f.Flush()
	if err == nil && f.place != "" {
		err = f.open.Sync()
	}
	if closed := f.open.Close(); err == nil {
		err = closed
	}
	if f.place == "" {
		return err
	}
	if err == nil {
		err = os.Rename(f.open.Name(), f.place)
	}
	if err != nil {
		_ = os.Remove(f.open.Name())
	}
	return err
}

// Discard leaves what stood at the place.
func (f *File) Discard() {
	_ = f.open.Close()
	if f.place != "" {
		_ = os.Remove(f.open.Name())
	}
}
