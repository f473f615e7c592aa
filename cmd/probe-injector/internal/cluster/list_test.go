package cluster_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/cluster"
)

// named is what the tests read of an object.
type named struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
}

// server answers lists of Pods with the pages in turn.
type server struct {
	pages    []func(http.ResponseWriter)
	requests []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests = append(s.requests, r.Method+" "+r.URL.String())
	if len(s.requests) > len(s.pages) {
		http.Error(w, "no such page", http.StatusTeapot)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	s.pages[len(s.requests)-1](w)
}

// page is an answer with Pods of these names, and where the list continues.
func page(next string, names ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		items := []any{}
		for _, name := range names {
			items = append(items, map[string]any{"metadata": map[string]any{"name": name}, "status": map[string]any{"x": []int{1}}})
		}
		text, _ := json.Marshal(map[string]any{"kind": "PodList", "metadata": map[string]any{"continue": next}, "items": items})
		_, _ = w.Write(text)
	}
}

// refused is an answer with an error.
func refused(code int32, reason metav1.StatusReason, message string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(int(code))
		text, _ := json.Marshal(metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message,
		})
		_, _ = w.Write(text)
	}
}

// raw is an answer of any text.
func raw(text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { _, _ = io.WriteString(w, text) }
}

// connected is a connection to a server.
func connected(t *testing.T, handler http.Handler) *cluster.Cluster {
	t.Helper()
	running := httptest.NewServer(handler)
	t.Cleanup(running.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"test","clusters":[{"name":"c","cluster":{"server":%q}}],
"contexts":[{"name":"test","context":{"cluster":"c","user":"u","namespace":"shop"}}],"users":[{"name":"u","user":{}}]}`, running.URL)
	if err := os.WriteFile(kubeconfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	flags, set := cluster.NewFlags(), pflag.NewFlagSet("test", pflag.ContinueOnError)
	flags.AddTo(set)
	if err := set.Parse([]string{"--kubeconfig", kubeconfig}); err != nil {
		t.Fatal(err)
	}
	c, err := flags.Connect("v0.1.0", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestListsAreReadPageByPage(t *testing.T) {
	expired := refused(http.StatusGone, metav1.StatusReasonExpired, "The provided continue parameter is too old")
	for name, row := range map[string]struct {
		pages    []func(http.ResponseWriter)
		want     []string
		requests int
		err      string
	}{
		"an empty list": {[]func(http.ResponseWriter){page("")}, nil, 1, ""},
		"one page":      {[]func(http.ResponseWriter){page("", "a", "b")}, []string{"a", "b"}, 1, ""},
		"several pages": {[]func(http.ResponseWriter){page("x", "a"), page("y", "b"), page("", "c")}, []string{"a", "b", "c"}, 3, ""},
		"the list begins again when its state is gone, once": {
			[]func(http.ResponseWriter){page("x", "a"), expired, page("y", "a2"), page("", "b")}, []string{"a2", "b"}, 4, "",
		},
		"it is gone twice": {
			[]func(http.ResponseWriter){page("x", "a"), expired, page("y", "a2"), expired}, nil, 4, "reading pods of all namespaces: The provided continue parameter is too old",
		},
		"a permission is missing": {
			[]func(http.ResponseWriter){refused(http.StatusForbidden, metav1.StatusReasonForbidden, `pods is forbidden: User "x" cannot list resource "pods"`)},
			nil, 1, `reading pods of all namespaces: pods is forbidden: User "x" cannot list resource "pods"`,
		},
		"a page that was cut off":            {[]func(http.ResponseWriter){page("x", "a"), raw(`{"metadata":{},"items":[{"metadata":{"name":"b"}}`)}, nil, 2, "unexpected EOF"},
		"a page that is cut after the items": {[]func(http.ResponseWriter){raw(`{"metadata":{},"items":[]`)}, nil, 1, "unexpected EOF"},
		"no list":                            {[]func(http.ResponseWriter){raw(`[]`)}, nil, 1, "the answer is no list"},
		"items before metadata, and null":    {[]func(http.ResponseWriter){raw(`{"items":[{"metadata":{"name":"a"}}],"metadata":{"continue":"x"}}`), raw(`{"items":null,"metadata":{}}`)}, []string{"a"}, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{pages: row.pages}
			var read []string
			err := cluster.Each(t.Context(), connected(t, s), cluster.List{Resource: cluster.Resource{Prefix: "/api/v1", Name: "pods"}, PageSize: 2},
				func() { read = nil }, func(pod *named) { read = append(read, pod.Metadata.Name) })
			if (err == nil) != (row.err == "") || (err != nil && !strings.Contains(err.Error(), row.err)) {
				t.Errorf("error %v, want %q", err, row.err)
			}
			if diff := cmp.Diff(row.want, read); err == nil && diff != "" {
				t.Error(diff)
			}
			if len(s.requests) != row.requests {
				t.Errorf("requests: %q", s.requests)
			}
		})
	}
}

func TestTheRequestOfAList(t *testing.T) {
	s := &server{pages: []func(http.ResponseWriter){page("n x", "a"), page("")}}
	l := cluster.List{
		Resource: cluster.Resource{Prefix: "/apis/apps/v1", Name: "deployments"}, Namespace: "shop", Labels: "a=b", Fields: "reason=Killing", PageSize: 500,
	}
	var progress []string
	l.Progress = func(resource string, objects int) { progress = append(progress, fmt.Sprint(resource, objects)) }
	if err := cluster.Each(t.Context(), connected(t, s), l, func() {}, func(*named) {}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET /apis/apps/v1/namespaces/shop/deployments?fieldSelector=reason%3DKilling&labelSelector=a%3Db&limit=500",
		"GET /apis/apps/v1/namespaces/shop/deployments?continue=n+x&fieldSelector=reason%3DKilling&labelSelector=a%3Db&limit=500",
	}
	if diff := cmp.Diff(want, s.requests); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"deployments1", "deployments1"}, progress); diff != "" {
		t.Error(diff)
	}
}
