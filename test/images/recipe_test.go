package images

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// write makes a file with all folders above it, and returns its path.
func write(t *testing.T, root, name, content string) string {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// counting is a recipe of one file that counts how often it is followed.
func counting(file string, made *atomic.Int32) recipe {
	return recipe{
		reference: "localhost/some/thing:1",
		inputs:    inputs{files: []string{file}},
		make: func(_ context.Context, _ buildah, _, archive string) error {
			made.Add(1)
			return os.WriteFile(archive, []byte("an archive"), 0o600)
		},
	}
}

func TestAnImageIsMadeOnceHoweverManyAsk(t *testing.T) {
	root := t.TempDir()
	var made atomic.Int32
	thing := counting(write(t, root, "source", "one"), &made)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			image, err := thing.imageBelow(t.Context(), root)
			if err != nil {
				t.Error(err)
				return
			}
			if content, err := os.ReadFile(image.Archive); err != nil || string(content) != "an archive" {
				t.Errorf("the archive is %q, %v", content, err)
			}
		})
	}
	group.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times", made.Load())
	}
}

func TestAChangedSourceMakesANewArchiveAndRemovesTheOldOneOfThatImageAlone(t *testing.T) {
	root := t.TempDir()
	var made atomic.Int32
	thing := counting(write(t, root, "source", "one"), &made)
	first, err := thing.imageBelow(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	neighbour := write(t, root, cacheFolder+"/some_thing_1-and-more.tar", "another image")
	write(t, root, "source", "two")
	second, err := thing.imageBelow(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{first.Archive: false, second.Archive: true, neighbour: true} {
		if isThere(path) != want {
			t.Errorf("%s: there is %t, want %t", path, !want, want)
		}
	}
}

func TestAnImageThatCannotBeMadeLeavesNoArchive(t *testing.T) {
	root := t.TempDir()
	write(t, root, "source", "one")
	broken := recipe{
		reference: "localhost/some/thing:1",
		make: func(_ context.Context, _ buildah, _, archive string) error {
			return errors.Join(os.WriteFile(archive, []byte("half"), 0o600), errors.New("the disk is full"))
		},
	}
	_, err := broken.imageBelow(t.Context(), root)
	if err == nil || err.Error() != "image localhost/some/thing:1 is not there and cannot be made: the disk is full" {
		t.Errorf("the error is %v", err)
	}
	entries, err := os.ReadDir(filepath.Join(root, cacheFolder))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() || filepath.Ext(entry.Name()) == ".tar" {
			t.Errorf("%s is left", entry.Name())
		}
	}
}

func TestTheHashFollowsWhatGoesIn(t *testing.T) {
	rows := map[string]struct {
		change       func(t *testing.T, root string)
		withoutTests bool
		differs      bool
	}{
		"nothing changed":                {func(*testing.T, string) {}, false, false},
		"a file changed":                 {func(t *testing.T, root string) { write(t, root, "in/a.go", "x") }, false, true},
		"a file came":                    {func(t *testing.T, root string) { write(t, root, "in/deeper/c.go", "") }, false, true},
		"a test changed":                 {func(t *testing.T, root string) { write(t, root, "in/a_test.go", "x") }, false, true},
		"a test that is left out":        {func(t *testing.T, root string) { write(t, root, "in/a_test.go", "x") }, true, false},
		"data of tests that is left out": {func(t *testing.T, root string) { write(t, root, "in/testdata/d", "x") }, true, false},
		"a file became a program": {func(t *testing.T, root string) {
			if err := os.Chmod(filepath.Join(root, "in/a.go"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, false, true},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for _, file := range []string{"in/a.go", "in/a_test.go", "in/testdata/d"} {
				write(t, root, file, "as it was")
			}
			hashed := inputs{files: []string{filepath.Join(root, "in")}, withoutTests: row.withoutTests}
			before, err := hashed.hash(root)
			if err != nil {
				t.Fatal(err)
			}
			row.change(t, root)
			after, err := hashed.hash(root)
			if err != nil || (before != after) != row.differs {
				t.Errorf("%s, then %s, %v", before, after, err)
			}
		})
	}
}

func TestTextsThatJoinToTheSameDiffer(t *testing.T) {
	one, err := inputs{texts: []string{"ab", "c"}}.hash("")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := (inputs{texts: []string{"a", "bc"}}).hash(""); err != nil || one == other {
		t.Errorf("both are %s, %v", one, err)
	}
}

func TestASourceThatIsMissingIsNamed(t *testing.T) {
	root := t.TempDir()
	_, err := recipe{reference: "localhost/x:1", inputs: inputs{files: []string{filepath.Join(root, "gone")}}}.imageBelow(t.Context(), root)
	if err == nil || !strings.Contains(err.Error(), "image localhost/x:1: reading what it is made of") || !strings.Contains(err.Error(), "gone") {
		t.Errorf("the error is %v", err)
	}
}
