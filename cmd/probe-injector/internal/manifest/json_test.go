package manifest

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/shape"
)

// Escapes that JSON has and YAML has not are what other programs write by default.
func TestJSONIsReadWithAllItsEscapes(t *testing.T) {
	for name, row := range map[string]struct{ escaped, want string }{
		"a slash":                         {`\/healthz`, "/healthz"},
		"a backslash and a slash":         {`\\/`, `\/`},
		"a character of two units":        {`\ud83d\ude00!`, "😀!"},
		"the same in upper case":          {`\uD83D\uDE00`, "😀"},
		"half a character":                {`\ud83d!`, "\ufffd!"},
		"the other half":                  {`\ude00\/`, "\ufffd/"},
		"halves in the wrong order":       {`\ude00\ud83d`, "\ufffd\ufffd"},
		"half a character, then another":  {`\ud83d\u00e9`, "\ufffdé"},
		"what YAML has, too":              {`\"\n\u00e9\\`, "\"\né\\"},
		"a slash among what YAML has too": {`\n\/\n`, "\n/\n"},
	} {
		t.Run(name, func(t *testing.T) {
			text := `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "annotations": {"` + `x\/` + `note": "` + row.escaped + `", "here": "b"}}, "spec": {"containers": []}}`
			in, err := Read(Files{Names: []string{Stdin}, Stdin: strings.NewReader(text), Namespace: "default"})
			if err != nil || len(in.Workloads) != 1 {
				t.Fatal(len(in.Workloads), err)
			}
			w := &in.Workloads[0]
			if got := w.Pod.Annotations()["x/note"]; got != row.want {
				t.Errorf("read as %q, want %q", got, row.want)
			}
			for key, written := range map[string]string{"x/note": `"x\/note"`, "here": `"here"`} {
				if at := w.Position(shape.Members("metadata", "annotations", key)); !strings.HasPrefix(text[at.Column-1:], written) {
					t.Errorf("%s is at column %d, where %.10s stands", key, at.Column, text[at.Column-1:])
				}
			}
		})
	}
}

func TestNumbersOfJSONAreWhatKubectlReads(t *testing.T) {
	s := Source{Text: []byte(`{"kind": "X", "a": 1e2, "b": 1.0, "c": 9223372036854775808, "d": "yes", "e": null}`)}
	s.split()
	if len(s.Documents) != 1 {
		t.Fatal(len(s.Documents))
	}
	var v values
	got, err := v.read(s.Documents[0])
	members, _ := got.(map[string]any)
	for key, want := range map[string]any{"a": 100.0, "b": 1.0, "c": 9223372036854775808.0, "d": "yes", "e": nil} {
		if members[key] != want {
			t.Errorf("%s is %#v, not %#v: %v", key, members[key], want, err)
		}
	}
}
