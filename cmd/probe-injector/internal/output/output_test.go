package output_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/output"
)

// render writes the name of the format.
func render(format string, to io.Writer) error {
	_, err := io.WriteString(to, format+"\n")
	return err
}

func TestReportsGoWhereTheyAreAskedFor(t *testing.T) {
	broken := errors.New("broken input")
	for name, row := range map[string]struct {
		values []string
		// refused is what the flag says of the last value.
		refused string
		ended   error
		stdout  string
		files   map[string]string
	}{
		"the first format without a flag":               {stdout: "text\n"},
		"one format to the standard output":             {values: []string{"json"}, stdout: "json\n"},
		"a file alone leaves the standard output empty": {values: []string{"json=a.json"}, files: map[string]string{"a.json": "json\n"}},
		"both, and a file name with a comma and an =":   {values: []string{"text", "json=a,b=c.json"}, stdout: "text\n", files: map[string]string{"a,b=c.json": "json\n"}},
		"one format to two files":                       {values: []string{"json=a", "json=b"}, files: map[string]string{"a": "json\n", "b": "json\n"}},
		"two to the standard output":                    {values: []string{"text", "json"}, refused: "the standard output takes one report"},
		"two to one file":                               {values: []string{"text=a", "json=a"}, refused: "a takes one report"},
		"the same twice":                                {values: []string{"json=a", "json=a"}, files: map[string]string{"a": "json\n"}},
		"a format that does not exist":                  {values: []string{"xml"}, refused: "must be text, json or yaml"},
		"a file without a name":                         {values: []string{"json="}, refused: "name a file after the ="},
		"files after findings":                          {values: []string{"text", "json=a"}, ended: exit.ErrFound, stdout: "text\n", files: map[string]string{"a": "json\n"}},
		"no files after unusable input":                 {values: []string{"text", "json=a"}, ended: errors.Join(exit.ErrFound, broken), stdout: "text\n"},
		"no files where something is missing":           {values: []string{"text", "json=a"}, ended: exit.With(exit.Incomplete, broken), stdout: "text\n"},
		"no file where the folder is missing":           {values: []string{"json=b", "json=none/a"}, ended: nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			flag := output.Formats("text", "json", "yaml")
			var err error
			for _, value := range row.values {
				err = flag.Set(value)
			}
			if row.refused != "" {
				if err == nil || !strings.Contains(err.Error(), row.refused) {
					t.Fatalf("error %v, want %q", err, row.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var stdout bytes.Buffer
			ended := flag.Write(&stdout, row.ended, render)
			if want := strings.HasPrefix(name, "no file where"); (exit.Of(ended) != exit.Of(row.ended)) != want {
				t.Errorf("ended with %v, after %v", ended, row.ended)
			}
			if stdout.String() != row.stdout {
				t.Errorf("stdout %q, want %q", stdout.String(), row.stdout)
			}
			checkFolder(t, row.files)
		})
	}
}

// checkFolder compares all files of the current folder.
func checkFolder(t *testing.T, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	for _, entry := range entries {
		text, err := os.ReadFile(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		if got == nil {
			got = map[string]string{}
		}
		got[entry.Name()] = string(text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestAReportThatCannotBeWrittenLeavesTheOldFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a", []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	failing := func(format string, to io.Writer) error {
		_, _ = io.WriteString(to, "half of "+format)
		if format == "yaml" {
			return errors.New("no more")
		}
		return nil
	}
	for _, values := range [][]string{{"json=a", "yaml=b"}, {"json=a", "yaml"}} {
		flag := output.Formats("text", "json", "yaml")
		for _, value := range values {
			if err := flag.Set(value); err != nil {
				t.Fatal(err)
			}
		}
		if err := flag.Write(io.Discard, nil, failing); exit.Of(err) != exit.Unusable {
			t.Errorf("%v: ended with %v", values, err)
		}
		checkFolder(t, map[string]string{"a": "old"})
	}
}

func TestAFileKeepsItsPermissionsAndLinks(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(os.WriteFile("real", []byte("old"), 0o640), os.Symlink("real", "link")); err != nil {
		t.Fatal(err)
	}
	// Only root can give a file to somebody else; for others the owner is who they are.
	const somebody = 65534
	_ = os.Chown("real", somebody, somebody)
	before, err := os.Stat("real")
	if err != nil {
		t.Fatal(err)
	}
	file, err := output.Create("link")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(file, "new")
	if err := file.Commit(); err != nil {
		t.Fatal(err)
	}
	link, err := os.Lstat("link")
	if err != nil || link.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is %v, error %v", link.Mode(), err)
	}
	info, err := os.Stat("real")
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	if was, is := ownerOf(t, before), ownerOf(t, info); was != is {
		t.Errorf("the owner was %s and is %s", was, is)
	}
	checkFolder(t, map[string]string{"real": "new", "link": "new"})
}

func TestADeviceIsWrittenInPlace(t *testing.T) {
	file, err := output.Create(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(file, "x")
	if err := file.Commit(); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is %v, error %v", os.DevNull, info.Mode(), err)
	}
	if _, err := output.Create(filepath.Dir(os.DevNull)); err == nil {
		t.Error("a folder is written to")
	}
}

func TestColorIsForTerminalsAndThoseWhoAsk(t *testing.T) {
	for name, row := range map[string]struct {
		args    []string
		noColor string
		painted bool
	}{
		"no terminal":              {},
		"asked for":                {args: []string{"--color=always"}, painted: true},
		"asked for, with NO_COLOR": {args: []string{"--color", "always"}, noColor: "1", painted: true},
		"asked against":            {args: []string{"--color=never"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("NO_COLOR", row.noColor)
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			output.AddColor(flags)
			if err := flags.Parse(row.args); err != nil {
				t.Fatal(err)
			}
			got := output.PaletteFor(flags, &bytes.Buffer{}).Paint(output.Red, "x")
			if want := map[bool]string{true: "\x1b[31mx\x1b[0m", false: "x"}[row.painted]; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	if err := func() error {
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		output.AddColor(flags)
		return flags.Parse([]string{"--color=red"})
	}(); err == nil || !strings.Contains(err.Error(), "must be auto, always or never") {
		t.Errorf("error %v", err)
	}
}

// ownerOf is the user and the group of a file, as ls prints them.
func ownerOf(t *testing.T, info os.FileInfo) string {
	t.Helper()
	owner := reflect.Indirect(reflect.ValueOf(info.Sys()))
	if owner.Kind() != reflect.Struct || !owner.FieldByName("Uid").IsValid() {
		return ""
	}
	return fmt.Sprint(owner.FieldByName("Uid"), ":", owner.FieldByName("Gid"))
}
