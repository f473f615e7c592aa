package manifest

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// podNamed is a Pod as a manifest.
func podNamed(name string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata:\n  name: " + name + "\nspec:\n  containers: []\n"
}

// write makes files below the current folder; a text that begins with "->" is a link.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	for name, text := range files {
		err := os.MkdirAll(filepath.Dir(name), 0o700)
		if target, isLink := strings.CutPrefix(text, "->"); isLink {
			err = errors.Join(err, os.Symlink(target, name))
		} else {
			err = errors.Join(err, os.WriteFile(name, []byte(text), 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// namesOf are the names of the workloads that were read.
func namesOf(in *Input) []string {
	var names []string
	for i := range in.Workloads {
		names = append(names, in.Workloads[i].Name)
	}
	return names
}

func TestWhatIsReadInFolders(t *testing.T) {
	for name, row := range map[string]struct {
		files     map[string]string
		names     []string
		recursive bool
		want      []string
		notes     []string
		errs      []string
	}{
		"files of the folder alone": {
			files: map[string]string{"a.yaml": podNamed("a"), "b.json": `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"},"spec":{"containers":[]}}`, "c.txt": "x", "below/d.yml": podNamed("d")},
			names: []string{"."}, want: []string{"a", "b"},
		},
		"folders below, each file once": {
			files: map[string]string{"a.yaml": podNamed("a"), "below/d.yml": podNamed("d")},
			names: []string{".", ".", "./below"}, recursive: true, want: []string{"a", "d"},
		},
		"what is missing keeps nothing else from being read": {
			files: map[string]string{"a.yaml": podNamed("a")},
			names: []string{"none", "a.yaml"}, want: []string{"a"}, errs: []string{`"none" does not exist`},
		},
		"loops of links end": {
			files: map[string]string{"a.yaml": podNamed("a"), "below/up": "->..", "below/self": "->self", "below/b.yaml": podNamed("b"), "again.yaml": "->a.yaml"},
			names: []string{"."}, recursive: true, want: []string{"a", "b"},
		},
		"a folder that is a link, as in a mounted ConfigMap": {
			files: map[string]string{"..2026/a.yaml": podNamed("a"), "..data": "->..2026", "a.yaml": "->..data/a.yaml"},
			names: []string{"."}, recursive: true, want: []string{"a"},
		},
		"a link to nothing": {
			files: map[string]string{"a.yaml": "->none.yaml", "b.yaml": podNamed("b"), "c.txt": "->none"},
			names: []string{"."}, want: []string{"b"}, errs: []string{"a.yaml: cannot be read"},
		},
		"nothing below a chart": {
			files: map[string]string{"a.yaml": podNamed("a"), "chart/Chart.yaml": "name: x\n", "chart/values.yaml": "a: 1\n", "chart/templates/t.yaml": "{{ x }}\n"},
			names: []string{"."}, recursive: true, want: []string{"a"},
			notes: []string{"chart: not read, because of its Chart.yaml: lint what helm template prints"},
		},
		"nothing below a kustomization": {
			files: map[string]string{"a.yaml": podNamed("a"), "base/kustomization.yaml": "resources: [b.yaml]\n", "base/b.yaml": podNamed("b")},
			names: []string{"base", "."}, recursive: true, want: []string{"a"},
			notes: []string{"base: not read, because of its kustomization.yaml: lint what kustomize build prints"},
		},
		"a file that is named is read wherever it stands": {
			files: map[string]string{"base/kustomization.yaml": "resources: [b.yaml]\n", "base/b.yaml": podNamed("b")},
			names: []string{"base/b.yaml"}, want: []string{"b"},
		},
		"other YAML in a folder is noted": {
			files: map[string]string{"a.yaml": podNamed("a"), "values.yaml": "replicas: 1\n", "play.yaml": "- hosts: x\n"},
			names: []string{"."}, want: []string{"a"},
			notes: []string{"play.yaml:1:1: no object of Kubernetes: it has no kind", "values.yaml:1:1: no object of Kubernetes: it has no kind"},
		},
		"and an error where it is named": {
			files: map[string]string{"values.yaml": "replicas: 1\n"}, names: []string{"values.yaml"},
			errs: []string{"values.yaml:1:1: no object of Kubernetes: it has no kind"},
		},
		"an object that has lost its kind": {
			files: map[string]string{"a.yaml": "apiVersion: v1\nmetadata: {name: x}\n"}, names: []string{"."},
			errs: []string{"a.yaml:1:1: it has an apiVersion and no kind"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, row.files)
			in, err := Read(Files{Names: row.names, Recursive: row.recursive, Namespace: "default"})
			if diff := cmp.Diff(row.want, namesOf(in)); diff != "" {
				t.Errorf("workloads (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.notes, in.Notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			checkErrors(t, err, row.errs)
		})
	}
}

// checkErrors compares the lines of an error by what they contain.
func checkErrors(t *testing.T, err error, want []string) {
	t.Helper()
	var lines []string
	if err != nil {
		lines = strings.Split(err.Error(), "\n")
	}
	for i, line := range lines {
		if i >= len(want) || !strings.Contains(line, want[i]) {
			t.Errorf("error %q is not among %q", line, want)
		}
	}
	if len(lines) < len(want) {
		t.Errorf("errors %q lack some of %q", lines, want)
	}
}

func TestBadInputIsNamedWithItsLine(t *testing.T) {
	good := podNamed("good")
	for name, row := range map[string]struct {
		text string
		errs []string
		// read are the names of what is read beside it.
		read []string
	}{
		"an indent with a tab":                  {"kind: Pod\napiVersion: v1\nmetadata:\n  name: x\n\tlabels: {}\nspec: {}\n", []string{"in.yaml:5: a tab indents this line, which YAML does not take: write spaces"}, nil},
		"a tab after spaces":                    {"kind: Pod\nmetadata:\n  name: x\nspec:\n  \tcontainers: []\n", []string{"in.yaml:5: a tab indents this line"}, nil},
		"an indent that fits nothing":           {"kind: Pod\nmetadata:\n  labels:\n    a: b\n   c: d\nspec: {}\n", []string{"in.yaml:5: this is no YAML: did not find expected key"}, nil},
		"a list that is not closed":             {"kind: Pod\nspec:\n  containers: [{name: a}\nx: y\n", []string{"in.yaml:3: this is no YAML"}, nil},
		"a text that is not closed":             {"kind: Pod\nmetadata:\n  name: \"x\nspec: {}\n", []string{"in.yaml:3: this is no YAML: found unexpected end of stream"}, nil},
		"cut off within a list":                 {"kind: Pod\nspec:\n  containers:\n  - {name: a, ima", []string{"in.yaml:4: this is no YAML"}, nil},
		"JSON that is cut off":                  {"{\n \"kind\": \"Pod\",\n \"spec\": {\n", []string{"in.yaml:3: this is no JSON: unexpected end of JSON input"}, nil},
		"an anchor that is not there":           {"kind: Pod\nmetadata: {name: x}\nspec: *none\n", []string{"in.yaml:3: this is no YAML: unknown anchor 'none' referenced"}, nil},
		"the document before and after is read": {podNamed("before") + "---\nkind: [\n---\n" + good, []string{"in.yaml:8: this is no YAML"}, []string{"before", "good"}},
		"a key twice, and the object is read":   {"apiVersion: v1\nkind: Pod\nmetadata: {name: twice}\nspec:\n  containers: []\n  containers: []\n", []string{"in.yaml:6:3: spec.containers stands here and on line 5: only the last counts"}, []string{"twice"}},
		"true without quotes": {
			"apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations:\n    probe-injector.dev/inject: true\nspec: {containers: []}\n---\n" + good,
			[]string{`in.yaml:6:5: Pod x: metadata.annotations[probe-injector.dev/inject]: is a boolean, must be a text: write probe-injector.dev/inject: "true"`}, []string{"good"},
		},
		"yes without quotes, in a List": {
			"apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: x\n    annotations: {probe-injector.dev/inject: yes}\n",
			[]string{`in.yaml:8:19: Pod x: metadata.annotations[probe-injector.dev/inject]: is a boolean`}, nil,
		},
		"a file that is no text":            {"kind: Pod\n\x00\x01", []string{"in.yaml:2: is no text in UTF-8: byte 0x00"}, nil},
		"a text in Latin-1":                 {"kind: Pod\nmetadata: {name: x}\n# gr\xfc\xdfe\n", []string{"in.yaml:3: is no text in UTF-8: byte 0xfc"}, nil},
		"a text in UTF-16":                  {"\xff\xfek\x00i\x00", []string{"in.yaml:1: is no text in UTF-8: byte 0xff"}, nil},
		"nothing":                           {"", nil, nil},
		"comments alone":                    {"# nothing\n---\n\n---\n# here\n", nil, nil},
		"a byte order mark":                 {"\ufeff" + good, nil, []string{"good"}},
		"byte order marks of joined files":  {"\ufeff" + good + "---\n\ufeff" + podNamed("second"), nil, []string{"good", "second"}},
		"lines that end with CR LF":         {strings.ReplaceAll(good+"---\n"+podNamed("second"), "\n", "\r\n"), nil, []string{"good", "second"}},
		"a directive":                       {"%YAML 1.1\n---\n" + good, nil, []string{"good"}},
		"the mark of the end":               {good + "...\n---\n" + podNamed("second"), nil, []string{"good", "second"}},
		"JSON that is indented with tabs":   {"{\n\t\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n\t\"metadata\": {\"name\": \"good\"}, \"spec\": {\"containers\": []}}\n", nil, []string{"good"}},
		"what the mark is followed by":      {"--- {apiVersion: v1, kind: Pod, metadata: {name: good}, spec: {containers: []}}\n", nil, []string{"good"}},
		"anchors, aliases and merged keys":  {"apiVersion: v1\nkind: Pod\nmetadata: &m {name: good}\nx: {<<: *m}\nspec: {containers: []}\n", nil, []string{"good"}},
		"a bomb of aliases":                 {"kind: Pod\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n", []string{"in.yaml:8: this is no YAML: document contains excessive aliasing"}, nil},
		"a document that is a template":     {"kind: Pod\n{{- if .Values.x }}\nmetadata: {}\n{{- end }}\n", []string{`in.yaml:2: "{{": this is a template and no manifest: render it first`}, nil},
		"a Pod template that is not there":  {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec:\n  replicas: 1\n", []string{"in.yaml:4:1: Deployment x: spec.template: a Pod template is required"}, nil},
		"an amount that is none":            {"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n  - {name: a, resources: {limits: {cpu: much}}}\n", []string{"in.yaml:1:1: Pod x: "}, nil},
		"objects that are of no kind known": {"apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\n", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, map[string]string{"in.yaml": row.text, "other.yaml": podNamed("other")})
			in, err := Read(Files{Names: []string{"in.yaml", "other.yaml"}, Namespace: "default"})
			checkErrors(t, err, row.errs)
			if diff := cmp.Diff(append(row.read, "other"), namesOf(in)); diff != "" {
				t.Errorf("workloads (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsTooLargeOrCannotBeReadIsNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, map[string]string{"large.yaml": "x", "other.yaml": podNamed("other")})
	// A hole: it takes no room on the disk.
	if err := os.Truncate("large.yaml", 100<<20); err != nil {
		t.Fatal(err)
	}
	in, err := Read(Files{Names: []string{"."}})
	checkErrors(t, err, []string{"large.yaml: is larger than 32 MiB"})
	if diff := cmp.Diff([]string{"other"}, namesOf(in)); diff != "" {
		t.Error(diff)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := readFile("large.yaml"); err == nil {
		t.Error("it is read")
	}
	runtime.ReadMemStats(&after)
	if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 256 {
		t.Errorf("refusing it takes %d MiB", grown)
	}
	if err := os.Chmod("other.yaml", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile("other.yaml"); err != nil {
		_, err = Read(Files{Names: []string{"other.yaml"}})
		checkErrors(t, err, []string{"other.yaml: cannot be read: permission denied"})
	}
}

func TestLabelsOfNamespacesComeFromTheInputAndFromFlags(t *testing.T) {
	in, err := Read(Files{
		Names: []string{Stdin}, Stdin: strings.NewReader("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n"),
		NamespaceLabels: []string{"shop=team=b", "shop=x.io/y=", "pay=team=c", "pay=tier=1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]string{
		"shop": {"kubernetes.io/metadata.name": "shop", "team": "a", "x.io/y": ""},
		"pay":  {"kubernetes.io/metadata.name": "pay", "team": "c", "tier": "1"},
	}
	if diff := cmp.Diff(want, in.Namespaces); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, wrong := range []string{"shop", "shop=team", "=a=b", "shop==b", "shop=a b=c"} {
		if _, err := Read(Files{NamespaceLabels: []string{wrong}}); err == nil || !strings.Contains(err.Error(), "must be NAMESPACE=KEY=VALUE") {
			t.Errorf("%s: error %v", wrong, err)
		}
	}
}

func TestAPersonCanSayWhereTemplatesAre(t *testing.T) {
	text := "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\nspec: {pod: {spec: {containers: [{name: a}]}}}\n"
	for path, want := range map[string]int{"": 0, "Thing.example.com=spec.pod": 1, "Thing=spec.pod": 0} {
		files := Files{Names: []string{Stdin}, Stdin: strings.NewReader(text)}
		if path != "" {
			files.TemplatePaths = []string{path}
		}
		in, err := Read(files)
		if err != nil || len(in.Workloads) != want {
			t.Errorf("%q: %d workloads, error %v", path, len(in.Workloads), err)
		}
	}
	for _, wrong := range []string{"Thing", "=a", "Thing=", "Thing=a..b"} {
		if _, err := Read(Files{TemplatePaths: []string{wrong}}); err == nil || !strings.Contains(err.Error(), "must be KIND.GROUP=PATH") {
			t.Errorf("%s: error %v", wrong, err)
		}
	}
}
