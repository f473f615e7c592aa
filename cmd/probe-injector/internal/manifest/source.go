package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"unicode/utf8"
)

// Stdin is the file name that stands for the standard input.
const Stdin = "-"

// stdinName is the standard input for people.
const stdinName = "standard input"

// MaxSize bounds one source: a cluster of thousands of workloads in one stream is far below it, and what is larger is no text that
// people wrote.
const MaxSize = 32 << 20

// Source is one text with manifests.
type Source struct {
	// Name is the file, for people, and File the file itself; it is empty for the standard input.
	Name, File string
	// Text is the whole source, and Documents its parts, in their order.
	Text      []byte
	Documents []*Document
	// template is what the text was made of, if it was.
	template string
	// found reports that the file was found in a folder, where files of all kinds may stand; nobody named it.
	found bool
}

// read reads every source that the names stand for. What could be read comes also with an error.
func (f *Files) read(in *Input) (sources []*Source, errs []error) {
	seen := visited{}
	var names []string
	for _, name := range f.Names {
		if slices.Contains(names, name) {
			continue
		}
		names = append(names, name)
		read, problems := f.readNamed(name, seen, in)
		sources = append(sources, read...)
		errs = append(errs, problems...)
	}
	for _, dir := range f.Kustomizations {
		read, problems := ifRead(kustomize(dir))
		sources = append(sources, read...)
		errs = append(errs, problems...)
	}
	return sources, errs
}

func (f *Files) readNamed(name string, seen visited, in *Input) ([]*Source, []error) {
	if name == Stdin {
		text, err := readText(stdinName, f.Stdin)
		return ifRead(&Source{Name: stdinName, Text: text}, err)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, []error{fmt.Errorf("%q does not exist", name)}
	case err != nil:
		return nil, []error{plain(name, err)}
	case info.IsDir():
		return f.readFolder(name, seen, in)
	}
	text, err := readFile(name)
	return ifRead(&Source{Name: name, File: name, Text: text}, err)
}

// readFolder reads the files of a folder; those that cannot be read keep none of the others from being read.
func (f *Files) readFolder(name string, seen visited, in *Input) (sources []*Source, errs []error) {
	w := folderWalk{recursive: f.Recursive, seen: seen}
	w.folder(name)
	in.Notes = append(in.Notes, w.notes...)
	for _, file := range w.files {
		text, err := readFile(file)
		read, problems := ifRead(&Source{Name: file, File: file, Text: text, found: true}, err)
		sources = append(sources, read...)
		w.errs = append(w.errs, problems...)
	}
	return sources, w.errs
}

func ifRead(s *Source, err error) ([]*Source, []error) {
	if err != nil {
		return nil, []error{err}
	}
	return []*Source{s}, nil
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, plain(name, err)
	}
	defer file.Close()
	return readText(name, file)
}

// readText reads a text within its bound.
func readText(name string, from io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, MaxSize+1))
	switch {
	case err != nil:
		return nil, plain(name, err)
	case len(text) > MaxSize:
		return nil, tooLarge(name)
	}
	return text, checkText(name, text)
}

func tooLarge(name string) error {
	return fmt.Errorf("%s: is larger than %d MiB: split it, or name the files that hold manifests", name, MaxSize>>20)
}

// plain names the file first, as every other error does.
func plain(name string, err error) error {
	if in, ok := errors.AsType[*fs.PathError](err); ok {
		err = in.Err
	}
	return fmt.Errorf("%s: cannot be read: %w", name, err)
}

// checkText refuses what is no text in UTF-8, such as archives and files in UTF-16.
func checkText(name string, text []byte) error {
	bad := bytes.IndexByte(text, 0)
	if bad < 0 && utf8.Valid(text) {
		return nil
	}
	for i := 0; i < len(text) && (bad < 0 || i < bad); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			bad = i
		}
		i += size
	}
	return fmt.Errorf("%s:%d: is no text in UTF-8: byte 0x%02x", name, 1+bytes.Count(text[:bad], []byte("\n")), text[bad])
}
