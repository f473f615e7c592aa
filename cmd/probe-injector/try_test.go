package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// podServer answers as an API server with a running Pod, and for the Pod itself. test/e2e has a real one.
type podServer struct {
	code int

	mutex sync.Mutex
	asked []string
}

func (s *podServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	items := []any{}
	switch {
	case strings.Contains(r.URL.Path, "/proxy/"):
		s.mutex.Lock()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		s.mutex.Unlock()
		w.WriteHeader(s.code)
		return
	case strings.HasSuffix(r.URL.Path, "/pods"):
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": "web", "namespace": "shop", "annotations": map[string]string{"probe-injector.dev/readiness": "/readyz"}},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "app", "image": "app", "ports": []any{map[string]any{"containerPort": 80}}}}},
			"status": map[string]any{"phase": "Running", "containerStatuses": []any{map[string]any{
				"name": "app", "state": map[string]any{"running": map[string]any{"startedAt": "2026-01-01T00:00:00Z"}},
			}}},
		})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"apiVersion": "v1", "kind": "List", "metadata": map[string]any{}, "items": items})
}

func TestTryCommandLine(t *testing.T) {
	for name, row := range map[string]struct {
		args   []string
		stdin  string
		answer int
		code   int
		out    string
		err    string
		asked  int
	}{
		"it would be ready":          {[]string{"-n", "shop", "--yes"}, "", 200, 0, "  app: readiness http:80/readyz\n      web  200 in ", "", 1},
		"it would not":               {[]string{"-n", "shop", "--yes"}, "", 503, 1, "would not: the kubelet accepts 200 to 399", "", 1},
		"it would not, as JSON":      {[]string{"-n", "shop", "-y", "-o", "json"}, "", 503, 1, `"verdict": "fail"`, "", 1},
		"a person says yes":          {[]string{"-n", "shop"}, "y\n", 200, 0, "would be ready", "Send 1 request to Pods of namespace shop? [y/N]", 1},
		"a person says no":           {[]string{"-n", "shop"}, "n\n", 200, 2, "", "not confirmed", 0},
		"nobody says anything":       {[]string{"-n", "shop"}, "", 200, 2, "", "not confirmed", 0},
		"neither name nor -n":        {nil, "", 200, 2, "", "say what to try", 0},
		"two names":                  {[]string{"a/b", "c/d"}, "", 200, 2, "", "accepts at most 1 arg", 0},
		"a policy that is not there": {[]string{"-n", "shop", "--policy", "cluster", "--yes"}, "", 200, 3, "", "the cluster's policy was not found", 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := &podServer{code: row.answer}
			var out, problems bytes.Buffer
			args := append([]string{"probe-injector", "try", "--kubeconfig", kubeconfigOf(t, server)}, row.args...)
			if code := run(args, "v0.1.0", streams{strings.NewReader(row.stdin), &out, &problems}); code != row.code {
				t.Errorf("exit code %d, want %d: %s", code, row.code, problems.String())
			}
			if !strings.Contains(out.String(), row.out) || (row.out == "" && out.Len() > 0) {
				t.Errorf("stdout lacks %q:\n%s", row.out, out.String())
			}
			if !strings.Contains(problems.String(), row.err) {
				t.Errorf("stderr lacks %q:\n%s", row.err, problems.String())
			}
			if len(server.asked) != row.asked || (row.asked == 1 && server.asked[0] != "GET /api/v1/namespaces/shop/pods/http:web:80/proxy/readyz") {
				t.Errorf("asked %q", server.asked)
			}
		})
	}
}
