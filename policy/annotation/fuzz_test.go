package annotation_test

import (
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/annotation"
)

// FuzzParse gives any key and value to the grammar. It must not panic; what it reads it must spell so that it
// reads the same again; what it refuses it must refuse with a short printable sentence.
func FuzzParse(f *testing.F) {
	for _, d := range annotation.Reference() {
		f.Add(annotation.Key("", string(d.Word)), strings.Trim(d.Example, `"`))
		f.Add(annotation.Key("web", string(d.Word)), "8080")
	}
	for _, value := range []string{"http://:8080/x", "https:a-b/%2e", "grpc:9/s", "tcp:65536", "1h1ms", "-1", "exec: x", "//x", "localhost:1/"} {
		f.Add("probe-injector.dev/liveness", value)
	}
	f.Add("probe-injector.dev/readiness.failureThreshold", "6")
	f.Add("probe-injector.dev/livenes", "/x")
	f.Fuzz(func(t *testing.T, key, value string) {
		for _, e := range annotation.Parse(map[string]string{key: value}, annotation.Limits{MaxStartupBudget: 3600}) {
			if e.Err != nil {
				if strings.TrimSpace(e.Err.Detail) == "" {
					t.Fatalf("%q: %q: refused without a word", key, value)
				}
				continue
			}
			if !e.Known() {
				t.Fatalf("%q: an unknown key without an error", key)
			}
			expectSameAgain(t, e)
		}
	})
}

func expectSameAgain(t *testing.T, e annotation.Entry) {
	t.Helper()
	if e.Kind == "" || e.Field != "" || e.Ask.None || e.Ask.Choose() {
		return
	}
	spelled := e.Ask.Handler.String()
	if strings.ContainsAny(spelled, " \n\r\t\x00") {
		t.Fatalf("the handler %q has a space or control character", spelled)
	}
	again, err := annotation.ParseHandler(spelled)
	if err != nil {
		t.Fatalf("what is printed cannot be written: %q: %v", spelled, err)
	}
	if again.String() != spelled {
		t.Fatalf("%q reads as %q", spelled, again.String())
	}
}
