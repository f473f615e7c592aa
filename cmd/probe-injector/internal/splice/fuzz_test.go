package splice

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// FuzzApply: whatever the text is, it is refused, or what comes out reads as it should, and only whole lines came and went.
func FuzzApply(f *testing.F) {
	for _, lines := range lastMembers {
		f.Add([]byte(podWith(lines, whatFollows["a comment, then another"](2), 2)))
	}
	files, err := filepath.Glob("../../testdata/inject/*/input.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal(err, files)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, body := opened(text)
		document, err := decode(body)
		if err != nil {
			return
		}
		change := everywhere(document)
		if change.Empty() {
			return
		}
		want, err := expected(text, change)
		if err != nil {
			return
		}
		edits, err := Apply(text, change)
		if _, refused := errors.AsType[*RefusedError](err); refused {
			checkAnew(t, text, change, want)
			return
		}
		if err != nil {
			return
		}
		for i, e := range edits {
			if e.Start < 0 || e.End < e.Start || e.End > len(text) || (i > 0 && e.Start < edits[i-1].End) {
				t.Fatalf("edits out of order: %v", edits)
			}
			if e.Start < e.End && len(e.Text) > 0 {
				t.Fatalf("a line was replaced: %v", e)
			}
		}
		_, body = opened(ApplyEdits(text, edits))
		if got, err := decode(body); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("reads as %v, %v, want %v", got, err, want)
		}
	})
}

// checkAnew makes sure that a document that is written anew reads as it should.
func checkAnew(t *testing.T, text []byte, change Change, want any) {
	t.Helper()
	anew, err := Encode(text, change)
	if err != nil {
		return
	}
	_, body := opened(anew)
	if got, err := decode(body); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("written anew it reads as %v, %v, want %v", got, err, want)
	}
}
