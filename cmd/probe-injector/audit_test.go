package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// apiServer answers as an API server in which a Pod lives, until it is told to stop. test/audit has a real one.
type apiServer struct {
	// broken are the paths whose second page never comes.
	broken string
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	items, next := []any{}, ""
	switch {
	case r.URL.Query().Get("continue") != "":
		// The connection ends without an answer.
		panic(http.ErrAbortHandler)
	case strings.HasSuffix(r.URL.Path, "/pods"):
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": "web", "namespace": "shop", "annotations": map[string]string{"probe-injector.dev/liveness": "off"}},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "app", "image": "app", "ports": []any{map[string]any{"containerPort": 80}}}}},
		})
	}
	if s.broken != "" && strings.HasSuffix(r.URL.Path, s.broken) {
		next = "more"
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"apiVersion": "v1", "kind": "List", "metadata": map[string]any{"continue": next}, "items": items,
	})
}

// kubeconfigOf is a kubeconfig for a server, whose context has the name prod.
func kubeconfigOf(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return fileWith(t, "kubeconfig", fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"prod","clusters":[{"name":"c","cluster":{"server":%q}}],
"contexts":[{"name":"prod","context":{"cluster":"c","user":"u"}}],"users":[{"name":"u","user":{}}]}`, server.URL))
}

func TestAuditCommandLine(t *testing.T) {
	kubeconfig := kubeconfigOf(t, &apiServer{})
	for name, row := range map[string]struct {
		args     []string
		code     int
		out, err string
	}{
		"all namespaces":              {[]string{"-A"}, 0, "Looked at 1 workload, 1 Pod, 1 namespace", ""},
		"one section":                 {[]string{"-A", "--only", "wrong"}, 0, "Wrong: 1\n  shop/pod/web", ""},
		"for programs":                {[]string{"-A", "-o", "json"}, 0, `"kind": "Audit"`, ""},
		"for spreadsheets":            {[]string{"-A", "-o", "csv"}, 0, "shop,pod,web,1,none,none,none,0,0,0,1,0,0,1,", ""},
		"for people who look":         {[]string{"-A", "-o", "html"}, 0, "<!doctype html>", ""},
		"a table of namespaces":       {[]string{"-A", "--by", "namespace"}, 0, "NAMESPACE", ""},
		"the policy of a file":        {[]string{"-A", "--policy", fileWith(t, "p.yaml", "policy: {rules: []}\n")}, 0, "0 rules, 0 profiles", ""},
		"it fails on errors":          {[]string{"-A", "--fail-on", "error"}, 1, "Wrong: 1", ""},
		"it fails on errors, as JSON": {[]string{"-A", "--fail-on", "error", "-o", "json"}, 1, `"kind": "Audit"`, ""},
		"only what is kept counts":    {[]string{"-A", "--fail-on", "error", "--only", "missed"}, 0, "Missed: 0", ""},
		"no cluster's policy":         {[]string{"-A", "--policy", "cluster"}, 3, "", "the cluster's policy was not found"},
		"an unknown section":          {[]string{"-A", "--only", "all"}, 2, "", "must be of hurting, missed"},
		"an unknown severity":         {[]string{"-A", "--fail-on", "bad"}, 2, "", "must be none, note, warning or error"},
		"an unknown table":            {[]string{"-A", "--by", "team"}, 2, "", "must be namespace"},
		"a page of nothing":           {[]string{"-A", "--chunk-size", "0"}, 2, "", "must be at least 1"},
		"one namespace and all":       {[]string{"-A", "-n", "shop"}, 2, "", "either -A or -n"},
		"a wrong selector":            {[]string{"-A", "-l", "a=b=c"}, 2, "", "--selector"},
		"an argument":                 {[]string{"web"}, 2, "", "unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, problems bytes.Buffer
			args := append([]string{"probe-injector", "audit", "--kubeconfig", kubeconfig}, row.args...)
			if code := run(args, "v0.1.0", streams{strings.NewReader(""), &out, &problems}); code != row.code {
				t.Errorf("exit code %d, want %d: %s", code, row.code, problems.String())
			}
			if !strings.Contains(out.String(), row.out) || (row.out == "" && out.Len() > 0) {
				t.Errorf("stdout lacks %q:\n%s", row.out, out.String())
			}
			said := strings.TrimPrefix(problems.String(), "cluster: context prod\n")
			if !strings.Contains(said, row.err) || (row.err == "" && said != "") {
				t.Errorf("stderr: %q, want %q", said, row.err)
			}
		})
	}
}

func TestAnAuditThatIsStoppedBetweenPagesLeavesNoFile(t *testing.T) {
	for _, broken := range []string{"/pods", "/deployments", "/events", "/namespaces"} {
		t.Run(broken, func(t *testing.T) {
			kubeconfig, file := kubeconfigOf(t, &apiServer{broken: broken}), filepath.Join(t.TempDir(), "audit.html")
			var out, problems bytes.Buffer
			args := []string{"probe-injector", "audit", "-A", "--kubeconfig", kubeconfig, "-o", "html=" + file, "-o", "text"}
			if code := run(args, "v0.1.0", streams{strings.NewReader(""), &out, &problems}); code != 3 || out.Len() > 0 {
				t.Errorf("exit code %d: %s%s", code, out.String(), problems.String())
			}
			if !strings.Contains(problems.String(), "reading "+strings.TrimPrefix(broken, "/")+" of all namespaces") {
				t.Errorf("stderr: %s", problems.String())
			}
			if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) > 0 {
				t.Errorf("left are %v, %v", left, err)
			}
		})
	}
}

func TestAnAuditWithoutAClusterIsIncomplete(t *testing.T) {
	var out, problems bytes.Buffer
	kubeconfig := fileWith(t, "kubeconfig", `{"apiVersion":"v1","kind":"Config","current-context":"x","clusters":[{"name":"c","cluster":{"server":"http://127.0.0.1:1"}}],
"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}],"users":[{"name":"u","user":{}}]}`)
	code := run([]string{"probe-injector", "audit", "--kubeconfig", kubeconfig}, "v0.1.0", streams{strings.NewReader(""), &out, &problems})
	if code != 3 || !strings.Contains(problems.String(), "connection refused") {
		t.Errorf("exit code %d: %s", code, problems.String())
	}
}
