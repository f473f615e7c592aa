package policy_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/reason"
)

// advice is a sentence that tells people to have a liveness probe: a liveness probe that errs kills healthy containers, so
// that wish has to be theirs.
var advice = regexp.MustCompile(`(?i)\b(add|write|use|set|give|define|configure|create|enable|want|need|needs|must have|should have|have)\b` +
	`( it| them)?( an?| the| its| your| some)? (existing )?("?liveness"? ?probes?|livenessProbe|liveness: (/|"?true|http|tcp|grpc))`)

// denied are the words before which advice is none.
var denied = regexp.MustCompile(`(?i)\b(never|not|no|without|cannot|do not|must not)\b[^.;:]*$`)

func advises(sentence string) bool {
	at := advice.FindStringIndex(sentence)
	return at != nil && !denied.MatchString(sentence[:at[0]])
}

func TestTheTestOfSentencesKnowsAdviceWhenItSeesIt(t *testing.T) {
	for _, sentence := range []string{
		"no livenessProbe: add one, write a livenessProbe", "hangs are not found; add a liveness probe", `write liveness: "true"`,
		"write liveness: /livez", "you should have liveness probes",
	} {
		if !advises(sentence) {
			t.Errorf("not seen: %s", sentence)
		}
	}
	for _, sentence := range []string{
		"write what livenessProbe asks", "never add a liveness probe here", "it must not have a liveness probe", "liveness waits for the budget",
	} {
		if advises(sentence) {
			t.Errorf("seen: %s", sentence)
		}
	}
}

// literals are all string literals of the program's own files, with those that + joins in one.
func literals(t *testing.T, visit func(place, sentence string)) {
	t.Helper()
	files := token.NewFileSet()
	for _, folder := range []string{".", "../webhook", "../cmd", "../certs"} {
		err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			parsed, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				e, is := n.(ast.Expr)
				if !is {
					return true
				}
				text, whole := joined(e)
				if whole {
					visit(files.Position(e.Pos()).String(), text)
				}
				return !whole
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func joined(e ast.Expr) (text string, whole bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, first := joined(e.X)
		right, second := joined(e.Y)
		return left + right, first && second && e.Op == token.ADD
	}
	return "", false
}

func TestNoSentenceAdvisesALivenessProbe(t *testing.T) {
	seen := 0
	judge := func(place, sentence string) {
		seen++
		if advises(sentence) {
			t.Errorf("%s: %q", place, sentence)
		}
	}
	literals(t, judge)
	for _, rule := range lint.Rules() {
		judge(string(rule.ID), rule.Message)
		judge(string(rule.ID), rule.Summary)
		judge(string(rule.ID), rule.Rationale)
	}
	for _, r := range reason.Table() {
		judge(string(r.Reason), r.Fact+"; "+r.Remedy)
	}
	known, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for i := range known.Profiles {
		judge(known.Profiles[i].Name, known.Profiles[i].Risk)
		judge(known.Profiles[i].Name, known.Profiles[i].Summary)
	}
	if seen < 1000 {
		t.Errorf("only %d sentences were seen", seen)
	}
}

func TestNoPageAdvisesALivenessProbe(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	for _, page := range append(pages, "../README.md") {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for sentence := range strings.SplitSeq(strings.ReplaceAll(string(content), "\n", " "), ". ") {
			if advises(sentence) {
				t.Errorf("%s: %s", page, sentence[:min(len(sentence), 300)])
			}
		}
	}
}
