package cluster_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/cluster"
)

func TestWhatComesBackFromAPod(t *testing.T) {
	const unavailable = http.StatusServiceUnavailable
	refusedBy := func(message string) func(http.ResponseWriter) {
		return refused(unavailable, metav1.StatusReasonServiceUnavailable, "error trying to reach service: "+message)
	}
	code := func(code int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(code); _, _ = w.Write([]byte(body)) }
	}
	for name, row := range map[string]struct {
		answer    func(http.ResponseWriter)
		code      int
		unreached string
		silent    bool
		err       string
	}{
		"a good answer":                    {code(200, "ok"), 200, "", false, ""},
		"a failure of the Pod":             {code(unavailable, "starting"), unavailable, "", false, ""},
		"a failure in JSON":                {code(unavailable, `{"status":"DOWN"}`), unavailable, "", false, ""},
		"a Pod that forbids":               {code(http.StatusForbidden, "no"), http.StatusForbidden, "", false, ""},
		"nothing listens":                  {refusedBy("dial tcp 10.0.0.1:80: connect: connection refused"), 0, "dial tcp 10.0.0.1:80: connect: connection refused", false, ""},
		"the Pod cannot be reached":        {refusedBy("dial tcp 10.0.0.1:80: i/o timeout"), 0, "dial tcp 10.0.0.1:80: i/o timeout", false, ""},
		"the API server does not allow it": {refused(http.StatusForbidden, metav1.StatusReasonForbidden, `pods "web" is forbidden: User "x" cannot get resource "pods/proxy"`), http.StatusForbidden, "", false, "pods/proxy"},
		"the Pod is gone":                  {refused(http.StatusNotFound, metav1.StatusReasonNotFound, `pods "web" not found`), http.StatusNotFound, "", false, "not found"},
		"the connection ends":              {func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, 0, "", false, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{pages: []func(http.ResponseWriter){row.answer}}
			a, err := get(t, s, time.Minute)
			if a.Code != row.code || a.Unreached != row.unreached || a.Silent != row.silent {
				t.Errorf("%+v", a)
			}
			if (err == nil) != (row.err == "") || (err != nil && !strings.Contains(err.Error(), row.err)) {
				t.Errorf("error %v, want %q", err, row.err)
			}
			if want := "GET /api/v1/namespaces/shop/pods/https:web:8443/proxy/a/b?c=d"; s.requests[0] != want || len(s.requests) != 1 {
				t.Errorf("requests %q", s.requests)
			}
		})
	}
}

func get(t *testing.T, handler http.Handler, timeout time.Duration) (cluster.Answered, error) {
	t.Helper()
	prober, err := connected(t, handler).Prober()
	if err != nil {
		t.Fatal(err)
	}
	return prober.Get(t.Context(), cluster.Target{Namespace: "shop", Pod: "web", Scheme: "https", Port: 8443, Path: "/a/b?c=d"}, timeout)
}

func TestAPodThatDoesNotAnswerIsSilent(t *testing.T) {
	end := make(chan struct{})
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-end:
		}
	})
	t.Cleanup(func() { close(end) })
	if a, err := get(t, handler, 50*time.Millisecond); err != nil || !a.Silent {
		t.Errorf("%+v, %v", a, err)
	}
}

// Whoever answers in a Pod could otherwise send the person's credentials to a place of their choice.
func TestARedirectIsNotFollowed(t *testing.T) {
	asked := errors.New("nobody")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = errors.New("somebody") }))
	defer elsewhere.Close()
	a, err := get(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	}), time.Minute)
	if err != nil || a.Code != http.StatusFound || asked.Error() != "nobody" {
		t.Errorf("%+v, %v: %v asked elsewhere", a, err, asked)
	}
}
