package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	yamlnode "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
)

// renderIt is what to do with a template.
const renderIt = `this is a template and no manifest: render it first, for example helm template CHART | probe-injector explain -f -`

// opensTemplate is how templates of Helm and Go begin an action.
const opensTemplate = "{{"

// firstTemplate is a name that would be a template's.
func firstTemplate(object *unstructured.Unstructured) string {
	name, _, _ := unstructured.NestedString(object.Object, "metadata", "name")
	if strings.Contains(name, opensTemplate) {
		return name
	}
	return ""
}

// unreadable says why a document is no YAML, with the line in the source.
func (d *Document) unreadable(err error) error {
	at := finding.Position{File: d.Source.Name}
	if i := bytes.Index(d.Text, []byte(opensTemplate)); i >= 0 {
		at.Line = d.Line + bytes.Count(d.Text[:i], []byte("\n"))
		return fmt.Errorf("%s: %q: %s", at, opensTemplate, renderIt)
	}
	if offset, problem, isJSON := wrongJSON(d.Text); isJSON {
		at.Line = d.Line + bytes.Count(d.Text[:offset], []byte("\n"))
		return fmt.Errorf("%s: this is no JSON: %s", at, problem)
	}
	lines := slices.Collect(bytes.Lines(d.Text))
	wrong := d.firstWrong(lines, problemOf(err))
	at.Line = d.Line + wrong
	if indent := lines[wrong][:len(lines[wrong])-len(bytes.TrimLeft(lines[wrong], " \t"))]; bytes.ContainsRune(indent, '\t') {
		return fmt.Errorf("%s: a tab indents this line, which YAML does not take: write spaces", at)
	}
	return fmt.Errorf("%s: this is no YAML: %s", at, problemOf(err))
}

// beginsJSON is how an object of JSON begins, whose names are in quotes.
var beginsJSON = regexp.MustCompile(`\A\s*\{\s*"`)

// wrongJSON finds what is wrong with a text that begins as JSON, which says it better than YAML does.
func wrongJSON(text []byte) (offset int64, problem string, isJSON bool) {
	if !beginsJSON.Match(text) {
		return 0, "", false
	}
	var value any
	wrong, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(text, &value))
	if !ok {
		return 0, "", false
	}
	return min(wrong.Offset, int64(len(bytes.TrimRight(text, "\n")))), wrong.Error(), true
}

// firstWrong is the index of the line that brings the problem: the parser names the beginning of what the line stands in. The
// text up to a line before it has no problem or another one, so that halving finds it.
func (d *Document) firstWrong(lines [][]byte, problem string) int {
	return min(len(lines)-1, sort.Search(len(lines), func(i int) bool {
		var node yamlnode.Node
		err := yamlnode.Unmarshal(bytes.Join(lines[:i+1], nil), &node)
		return err != nil && problemOf(err) == problem
	}))
}

// lineInError is where the parser names a line.
var lineInError = regexp.MustCompile(`line [0-9]+: `)

// problemOf is what the parser says, without the line.
func problemOf(err error) string {
	text := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	return strings.TrimSpace(lineInError.ReplaceAllString(strings.TrimPrefix(text, "yaml: "), ""))
}
