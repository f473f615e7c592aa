package manifest

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	yamlnode "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"
)

// kubectlReads is what kubectl reads in a document (k8s.io/apimachinery/pkg/util/yaml.YAMLToJSONDecoder, then the decoder of
// unstructured objects).
func kubectlReads(text []byte) (any, error) {
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	return fromJSON(asJSON)
}

// weRead is what is read of a document that the parser takes. Without kubectl's parser, quick is true.
func weRead(text []byte) (value any, quick bool, err error) {
	d := &Document{Text: text}
	var node yamlnode.Node
	if err := yamlnode.Unmarshal(text, &node); err != nil || len(node.Content) == 0 {
		return nil, false, err
	}
	d.Root = node.Content[0]
	var v values
	_, uncommon := v.of(d.Root, deepest)
	value, err = v.read(d)
	return value, uncommon == nil && !hidesSomething(text), err
}

// checkRead compares the two.
func checkRead(t *testing.T, text []byte) (quick bool) {
	t.Helper()
	got, quick, err := weRead(text)
	if err != nil || !quick && got == nil {
		return false
	}
	want, err := kubectlReads(text)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q is read as\n%#v, and kubectl reads (%v)\n%#v", text, got, err, want)
	}
	return quick
}

func TestScalarsAreWhatKubectlReads(t *testing.T) {
	for _, text := range []string{
		"y", "Y", "yes", "YES", "n", "no", "on", "Off", "true", "True", "FALSE", "tRUE", "null", "Null", "~", "", "nULL", "None",
		"0", "-0", "+1", "010", "-010", "0o14", "0x1F", "0b101", "-0b11", "1_000", "_1", "08", "9223372036854775807", "9223372036854775808", "18446744073709551616", "-9223372036854775809",
		"1.0", "1.5", ".5", "5.", "1e3", "1E+3", "1.e+1", "6.02e23", "1e400", "-1e-400", ".inf", "-.INF", ".nan", "0x1p-2", "Inf", "nan", "+.5",
		"1:30", "12:30:45", "2026-11-27", "2026-11-27T10:00:00Z", "2026-11-27 10:00:00", "1.2.3", "10.0.0.1", "10.0.0.0/8", "1m", "500Mi", "-x", "--", "+", ".", "..", "...", "=", "<<",
		"a: b", "a #b", "!!int 3", "!!str 3", "!!float 3", "!!binary aGk=", "!custom 3", "! 3", "&a 3", "*a", "'3'", `"3"`, `"\x41\u00e9\n"`, `"\xff"`, "|\n  3", ">-\n  a\n  b", "a\n  b", "1\n\n  2", "1\n\n  ...", "1\n\n  - 2",
		"[1, yes, -, a]", "{1: 2}", "{yes: no}", "{? a : b}", "{a, b}", "[a: b]", "{a: }", "[[], {}]", "- 1", "? a",
		"`", "@", "%a", "a:", "a:b", "a,b", "a]", "\u2028", "é", "\u0085",
	} {
		for _, form := range []string{"a: %s", "- %s\n- %s", "%s: a", "{a: %s}", "[%s]", "a:\n- b: %s\n  c: %s"} {
			checkRead(t, []byte(strings.ReplaceAll(form, "%s", text)))
		}
	}
}

func TestMappingsAreWhatKubectlReads(t *testing.T) {
	rows := map[string]struct {
		text  string
		quick bool
	}{
		"what people write":             {"a: {b: [1, x, true], c: 'y'}\nd:\n- e: 2026-11-27\n", true},
		"the last of two keys":          {"a: 1\na: 2\n", true},
		"an anchor":                     {"a: &x 1\nb: 2\n", true},
		"an alias":                      {"a: &x {b: 1}\nc: *x\n", false},
		"a merge key":                   {"a: &x {b: 1}\nc: {<<: *x, d: 2}\n", false},
		"a merge key with several":      {"a: &x {b: 1}\ne: &y {b: 2}\nc: {<<: [*x, *y], d: 2}\n", false},
		"a merge key in quotes":         {"a: {'<<': 1}\n", false},
		"a merge key of nothing":        {"a: {<<: {b: 1}}\n", false},
		"a tag":                         {"a: !!str 1\n", false},
		"a tag on a mapping":            {"a: !!map {b: 1}\n", false},
		"keys that are numbers":         {"1: a\n0x10: b\n1.50: c\n", false},
		"keys that are bools":           {"yes: a\nfalse: b\n", false},
		"a set":                         {"? a\n? b\n", true},
		"two documents":                 {"a: 1\n...\nb: 2\n", true},
		"a directive":                   {"%YAML 1.1\n---\na: yes\n", true},
		"a document that is a list":     {"- 1\n- a\n", true},
		"a document that is a scalar":   {"017\n", true},
		"deeper than any kind":          {"a: " + strings.Repeat("[", deepest) + "1" + strings.Repeat("]", deepest) + "\n", false},
		"JSON":                          {`{"a": 1e2, "b": "\u00e9", "c": null}`, true},
		"a block with an empty end":     {"a: |+\n  b\n\nc: 1\n", true},
		"line ends of Windows":          {"a: |\r\n  b\r\nc: yes\r\n", true},
		"a byte order mark":             {"\ufeffa: 1\n", true},
		"a tab in a text":               {"a: |\n  \tb\n", false},
		"a tag that makes a text":       {"a: ! 3\n", false},
		"an exclamation mark":           {"a: Hello!\nb: a != b\n", true},
		"a large number":                {"a: 123456789012345678901234567890\n", true},
		"a float that is a whole one":   {"a: 1.0\nb: 1e3\nc: 12345678901234567890.0\n", true},
		"a text that is no valid UTF-8": {`a: "\uD800"` + "\n", false},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if quick := checkRead(t, []byte(row.text)); quick != row.quick {
				t.Errorf("read without kubectl's parser: %v", quick)
			}
		})
	}
}

// What no number is for JSON is refused as kubectl does it, and aliases that refer to what they stand in.
func TestWhatKubectlRefusesIsRefused(t *testing.T) {
	for _, text := range []string{"a: .inf", "a: .nan", "? [a]\n: b", "a: &x [*x]", "~: a", "{: a}", "a: !!int x", "a: !!binary '%'", "a: {<<: 1}", "a: b\n# c\n\t\n#"} {
		if value, _, err := weRead([]byte(text)); err == nil {
			_, err := kubectlReads([]byte(text))
			t.Errorf("%q is read as %#v; kubectl: %v", text, value, err)
		}
	}
}

// Every document in the repository is read as kubectl reads it.
func TestFilesAreWhatKubectlReads(t *testing.T) {
	files, all, quick := 0, 0, 0
	err := filepath.WalkDir("../../../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." && !strings.HasPrefix(entry.Name(), ".."):
			return fs.SkipDir
		case entry.IsDir() && entry.Name() == "bin":
			return fs.SkipDir
		case !entry.Type().IsRegular() || filepath.Ext(path) != ".yaml":
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		s := Source{Text: text}
		s.split()
		for _, d := range s.Documents {
			all++
			if checkRead(t, d.Text) {
				quick++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const least = 50
	if files < least || quick < all/2 {
		t.Errorf("%d of %d documents in %d files were read without kubectl's parser", quick, all, files)
	}
}

// Documents of what is drawn, written by another hand, are read as kubectl reads them.
func TestDrawnDocumentsAreWhatKubectlReads(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 2))
		text, err := yamlnode.Marshal(map[string]any{"a": randomValue(random, 4), strconv.FormatUint(seed, 10): randomValue(random, 2)})
		if err != nil {
			t.Fatal(err)
		}
		checkRead(t, text)
		// Without quotes the same texts stand for something else.
		checkRead(t, bytes.ReplaceAll(text, []byte(`"`), nil))
	}
}

// FuzzValues: what both parsers take is read as kubectl reads it.
func FuzzValues(f *testing.F) {
	for _, text := range []string{
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {b: \"1\"}}\n", "a: yes\nb: 010\nc: 1_0\nd: [1.0, .5, ~]\n", "? a\n: - b\n  - |\n    c\n", "a: &x {b: 1}\nc: {<<: *x}\n",
		"a: 'b''c'\nd: \"\\x41\"\n", "a: 1\n\n  ...\n", "[-, a: b, {c}]", "a: !!str 1\n# c\n", "- 2026-11-27\n- 1:30\n", "%YAML 1.1\n---\n a: 1\n...\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if checkText("", text) == nil {
			checkRead(t, text)
		}
	})
}
