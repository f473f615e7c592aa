package accept_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/accept"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/finding"
)

func known(id string) bool { return strings.HasPrefix(id, "PS0") || id == "no_port" }

func found(id, namespace, kind, name, container string) finding.Finding {
	return finding.Finding{ID: id, Workload: finding.Workload{Kind: kind, Namespace: namespace, Name: name}, Container: container}
}

func TestALineAcceptsWhatItNames(t *testing.T) {
	web := found("PS010", "shop", "Deployment", "web", "app")
	for name, row := range map[string]struct {
		line    string
		finding finding.Finding
		accepts bool
	}{
		"the finding itself":                   {"PS010 shop/deployment/web/app # x", web, true},
		"however it is spaced":                 {"\tPS010\t\tshop/Deployment/web/app# x", web, true},
		"another rule":                         {"PS011 shop/deployment/web/app # x", web, false},
		"another namespace":                    {"PS010 pay/deployment/web/app # x", web, false},
		"another container":                    {"PS010 shop/deployment/web/log # x", web, false},
		"all containers":                       {"PS010 shop/deployment/web # x", web, true},
		"any container":                        {"PS010 shop/deployment/web/* # x", web, true},
		"any workload of a namespace":          {"PS010 shop/*/*/* # x", web, true},
		"the beginning of a name":              {"PS010 shop/deployment/w*/app # x", web, true},
		"another beginning":                    {"PS010 shop/deployment/x*/app # x", web, false},
		"a * does not reach over parts":        {"PS010 *deployment/*/web/app # x", web, false},
		"other signs mean themselves":          {"PS010 shop/deployment/we?/app # x", web, false},
		"and so do brackets":                   {"PS010 shop/deployment/[w]eb/app # x", web, false},
		"what no container has":                {"no_port shop/deployment/web # x", found("no_port", "shop", "Deployment", "web", ""), true},
		"one of several templates":             {"PS010 shop/tfjob/x (spec.a.template)/app # x", found("PS010", "shop", "TFJob", "x (spec.a.template)", "app"), true},
		"a name that the API server will make": {"PS010 shop/job/once-* # x", found("PS010", "shop", "Job", "once-*", "a"), true},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := accept.Parse("accept", []byte("# comment\n\n"+row.line+"\r\n"), known)
			if err != nil {
				t.Fatal(err)
			}
			if got := list.Accepts(&row.finding); got != row.accepts {
				t.Errorf("accepts: %v", got)
			}
			if stale := list.Stale(); (len(stale) == 0) != row.accepts {
				t.Errorf("stale: %q", stale)
			}
		})
	}
}

func TestWhatIsWrongIsToldByItsLine(t *testing.T) {
	_, err := accept.Parse("accept", []byte("PS010 shop/deployment/web/app\nPS010 shop/web # x\nPS999 shop/deployment/web # x\nPS010 # x\nPS010 a//b # x\nPS010 a/b/c/d/e # x\nPS010 a/b/c #\nPS010 a/b/c # fine\nPS110 a/b/c # x\n"), known)
	if err == nil {
		t.Fatal("no error")
	}
	usage := "write ID NAMESPACE/KIND/NAME/CONTAINER # WHY, such as PS010 shop/deployment/web/app # vendor chart, OPS-12"
	want := []string{
		"accept:1: say why it is accepted, behind a #", "accept:2: " + usage, "accept:3: PS999 is no rule and no reason", "accept:4: " + usage,
		"accept:5: " + usage, "accept:6: " + usage, "accept:7: say why it is accepted, behind a #", "accept:9: PS110 is no rule and no reason",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWhatIsWrittenAcceptsWhatWasFound(t *testing.T) {
	list, err := accept.Parse("accept", []byte("PS011 shop/*/* # ours, OPS-12\nPS012 shop/deployment/web # gone\n"), known)
	if err != nil {
		t.Fatal(err)
	}
	old := found("PS011", "shop", "Deployment", "web", "app")
	if !list.Accepts(&old) {
		t.Fatal("the old finding is not accepted")
	}
	all := []finding.Finding{
		found("PS010", "shop", "Deployment", "web", "app"), found("PS010", "shop", "Deployment", "web", "app"),
		found("no_port", "pay", "StatefulSet", "db", ""), found("PS010", "shop", "TFJob", "x (spec.a.template)", "app"),
	}
	var text strings.Builder
	if err := list.Write(&text, all); err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(text.String(), "are meant.\n")
	want := "no_port  pay/statefulset/db                      # was there when this file was written\n" +
		"PS011    shop/*/*                                # ours, OPS-12\n" +
		"PS010    shop/deployment/web/app                 # was there when this file was written\n" +
		"PS010    shop/tfjob/x (spec.a.template)/app      # was there when this file was written\n"
	if strings.ReplaceAll(lines, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("wrote\n%s", text.String())
	}
	again, err := accept.Parse("accept", []byte(text.String()), known)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(all, old) {
		if !again.Accepts(&f) {
			t.Errorf("%+v is not accepted", f)
		}
	}
	if stale := again.Stale(); len(stale) > 0 {
		t.Errorf("stale: %q", stale)
	}
}
