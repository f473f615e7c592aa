package junit_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/junit"
)

func TestSuitesAreWrittenAsCISystemsReadThem(t *testing.T) {
	var text strings.Builder
	err := junit.Write(&text,
		junit.Suite{Name: "s", Cases: []junit.Case{
			{Class: "shop", Name: "deployment/web"},
			{Class: "shop", Name: "deployment/api", File: "a.yaml", Line: 3, Failure: junit.Failure{Message: `a "b" <c>`, Type: "difference", Text: "want: 1\ngot:  <2>\x00"}},
		}},
		junit.Suite{Name: "empty"},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="s" tests="2" failures="1" errors="0" skipped="0">
    <testcase classname="shop" name="deployment/web"></testcase>
    <testcase classname="shop" name="deployment/api" file="a.yaml" line="3">
      <failure message="a &#34;b&#34; &lt;c&gt;" type="difference">want: 1&#xA;got:  &lt;2&gt;` + "\uFFFD" + `</failure>
    </testcase>
  </testsuite>
  <testsuite name="empty" tests="0" failures="0" errors="0" skipped="0"></testsuite>
</testsuites>
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := xml.Unmarshal([]byte(text.String()), &struct{}{}); err != nil {
		t.Error(err)
	}
}
