package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/webhook"
)

// TestOutcomes has the rows of the table in the package comment.
func TestOutcomes(t *testing.T) {
	mistake := field.ErrorList{field.Invalid(field.NewPath("metadata", "annotations"), "a secret value", "wrong")}
	tests := []struct {
		outcome   string
		engine    decide
		path      string
		method    string
		mediaType string
		body      []byte

		wantStatus   int
		wantResult   string
		wantStage    string
		wantPaths    []string
		wantWarnings int
		wantAudit    map[string]string
		wantLogged   bool
	}{
		{
			outcome: "probes injected",
			engine: func(s policy.Subject) policy.Decision {
				d := usual(s)
				d.Warnings = []string{"web: think of it"}
				return d
			},
			wantStatus: 200, wantResult: "injected",
			wantPaths: []string{
				"/spec/containers/0/startupProbe", "/spec/containers/0/livenessProbe", "/spec/containers/0/readinessProbe",
				"/metadata/annotations/probe-injector.dev~1status",
			},
			wantWarnings: 1,
			wantAudit:    map[string]string{"injected": "web:startup,web:liveness,web:readiness"},
			wantLogged:   true,
		},
		{
			outcome: "asked, or a rule matched, nothing to do",
			engine: func(policy.Subject) policy.Decision {
				return policy.Decision{Asked: true, Skips: []policy.Skip{{Container: "web", Kind: probe.Readiness, Reason: "no_port"}}, Status: "web: nothing: no_port (test)"}
			},
			wantStatus: 200, wantResult: "nothing",
			wantPaths:  []string{"/metadata/annotations/probe-injector.dev~1status"},
			wantAudit:  map[string]string{"reasons": "web:no_port"},
			wantLogged: true,
		},
		{
			outcome: "asked, and the annotations are wrong",
			engine: func(policy.Subject) policy.Decision {
				return policy.Decision{Asked: true, Errors: mistake, Status: "nothing: invalid_annotation (test)", Warnings: []string{"one", "two"}}
			},
			wantStatus: 200, wantResult: "invalid",
			wantPaths:    []string{"/metadata/annotations/probe-injector.dev~1status"},
			wantWarnings: 2,
			wantLogged:   true,
		},
		{
			outcome:    "neither asked nor matched by a rule",
			engine:     func(policy.Subject) policy.Decision { return policy.Decision{} },
			path:       "/mutate/rules/some-rule",
			wantStatus: 200, wantResult: "unchanged",
		},
		{
			outcome: "audit mode",
			engine: func(s policy.Subject) policy.Decision {
				d := usual(s)
				d.Mode, d.Warnings, d.Skips = v1alpha1.ModeAudit, []string{"web: think of it"}, []policy.Skip{{Container: "web", Reason: "no_port"}}
				return d
			},
			wantStatus: 200, wantResult: "audit", wantLogged: true, wantWarnings: 1,
		},
		{
			outcome: "not CREATE of a Pod",
			engine:  eager,
			body: reviewOf(t, webPod(1), func(r *admissionv1.AdmissionRequest) {
				r.Operation = admissionv1.Update
			}),
			wantStatus: 200, wantResult: "not_a_pod_create",
		},
		{outcome: "not a path of ours", engine: eager, path: "/mutate/other", wantStatus: 404, wantStage: "path"},
		{outcome: "not POST", engine: eager, method: http.MethodGet, wantStatus: 405, wantResult: "rejected", wantStage: "method"},
		{outcome: "not application/json", engine: eager, mediaType: "text/plain", wantStatus: 415, wantResult: "rejected", wantStage: "content_type"},
		{outcome: "body unreadable, not a review", engine: eager, body: []byte("{"), wantStatus: 400, wantResult: "rejected", wantStage: "decode", wantLogged: true},
		{
			outcome: "body larger than MaxBodyBytes", engine: eager, body: make([]byte, webhook.MaxBodyBytes+1),
			wantStatus: 413, wantResult: "rejected", wantStage: "size",
		},
		{
			outcome: "our bug, a panic", engine: func(policy.Subject) policy.Decision { panic("bug") },
			wantStatus: 500, wantResult: "error", wantStage: "panic", wantLogged: true,
		},
	}
	for _, test := range tests {
		t.Run(test.outcome, func(t *testing.T) {
			s := newServer(t, test.engine)
			path, method, mediaType, body := webhook.PathAnnotated, http.MethodPost, "application/json", reviewOf(t, webPod(1))
			if test.path != "" {
				path = test.path
			}
			if test.method != "" {
				method = test.method
			}
			if test.mediaType != "" {
				mediaType = test.mediaType
			}
			if test.body != nil {
				body = test.body
			}
			r := httptest.NewRequest(method, path, bytes.NewReader(body))
			r.Header.Set("Content-Type", mediaType)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)

			if w.Code != test.wantStatus {
				t.Fatalf("status %d, want %d: %s", w.Code, test.wantStatus, w.Body)
			}
			if test.wantStatus == http.StatusOK {
				got := response(t, w)
				if !got.Allowed || got.UID != testUID || got.Result != nil {
					t.Errorf("allowed %v, uid %q, result %v", got.Allowed, got.UID, got.Result)
				}
				if paths := patchPaths(t, got); !slices.Equal(paths, test.wantPaths) {
					t.Errorf("patch of %q, want %q", paths, test.wantPaths)
				}
				if (got.Patch == nil) != (got.PatchType == nil) {
					t.Error("patch and its type do not come together, which is a failed call to the API server")
				}
				if len(got.Warnings) != test.wantWarnings {
					t.Errorf("warnings %q", got.Warnings)
				}
				if fmt.Sprint(got.AuditAnnotations) != fmt.Sprint(test.wantAudit) {
					t.Errorf("audit annotations %v, want %v", got.AuditAnnotations, test.wantAudit)
				}
			} else {
				wantStatusBody(t, w)
			}
			routeLabel := "annotated"
			if strings.HasPrefix(path, webhook.PathRules) {
				routeLabel = "rules"
			}
			if test.wantResult != "" && s.counter(t, "probe_injector_reviews_total", "route", routeLabel, "result", test.wantResult) != 1 {
				t.Errorf("the result %s is not counted", test.wantResult)
			}
			if test.wantStage != "" && s.counter(t, "probe_injector_errors_total", "stage", test.wantStage)+s.counter(t, "probe_injector_rejected_requests_total", "stage", test.wantStage) != 1 {
				t.Errorf("the stage %s is not counted", test.wantStage)
			}
			if total := s.counter(t, "probe_injector_review_seconds"); total != 1 {
				t.Errorf("%v durations", total)
			}
			if logged := s.log.Len() > 0; logged != test.wantLogged {
				t.Errorf("log: %s", s.log)
			}
			if strings.Contains(s.log.String(), "secret") {
				t.Errorf("the value of an annotation is in the log: %s", s.log)
			}
		})
	}
}

// patchPaths returns the paths of a patch, all of whose operations must be "add".
func patchPaths(t testing.TB, r *admissionv1.AdmissionResponse) []string {
	t.Helper()
	if r.Patch == nil {
		return nil
	}
	var operations []struct {
		Op   string `json:"op"`
		Path string `json:"path"`
	}
	if err := json.Unmarshal(r.Patch, &operations); err != nil {
		t.Fatalf("%v in %s", err, r.Patch)
	}
	var paths []string
	for _, o := range operations {
		if o.Op != "add" {
			t.Errorf("operation %s", o.Op)
		}
		paths = append(paths, o.Path)
	}
	return paths
}

// wantStatusBody holds an answer other than 200 to what the API server can show.
func wantStatusBody(t testing.TB, w *httptest.ResponseRecorder) {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}
	var status metav1.Status
	if err := json.Unmarshal(w.Body.Bytes(), &status); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	if status.Kind != "Status" || status.APIVersion != "v1" || int(status.Code) != w.Code || status.Status != metav1.StatusFailure || status.Reason == "" {
		t.Errorf("status %+v", status)
	}
	if !strings.HasPrefix(status.Message, "probe-injector: ") {
		t.Errorf("message %q", status.Message)
	}
	if got := w.Header().Get("Retry-After"); got != "" {
		t.Errorf("Retry-After: %s, which the API server would obey ten times within the call", got)
	}
}

func TestPaths(t *testing.T) {
	tests := map[string]struct {
		wantStatus int
		wantRoute  policy.Route
	}{
		"/mutate/annotated":                        {wantStatus: 200},
		"/mutate/rules/shop":                       {wantStatus: 200, wantRoute: policy.Route{Group: "shop"}},
		"/mutate/rules/" + strings.Repeat("a", 63): {wantStatus: 200, wantRoute: policy.Route{Group: strings.Repeat("a", 63)}},
		"/mutate/rules/" + strings.Repeat("a", 64): {wantStatus: 404},
		"/mutate/rules/":                           {wantStatus: 404},
		"/mutate/rules/Shop":                       {wantStatus: 404},
		"/mutate/rules/-shop":                      {wantStatus: 404},
		"/mutate/rules/shop/more":                  {wantStatus: 404},
		"/mutate/annotated/":                       {wantStatus: 404},
		"/mutate/":                                 {wantStatus: 404},
		"/":                                        {wantStatus: 404},
	}
	for path, test := range tests {
		t.Run(path, func(t *testing.T) {
			var got policy.Route
			s := newServer(t, decide(func(s policy.Subject) policy.Decision {
				got = s.Route
				return policy.Decision{}
			}))
			if w := s.postTo(path, reviewOf(t, webPod(1))); w.Code != test.wantStatus {
				t.Errorf("status %d", w.Code)
			}
			if got != test.wantRoute {
				t.Errorf("route %+v", got)
			}
		})
	}
}

func TestContentTypes(t *testing.T) {
	tests := map[string]int{
		"application/json":                200,
		"application/json; charset=utf-8": 200,
		"Application/JSON":                200,
		"":                                415,
		"application/jsonp":               415,
		"application/yaml":                415,
		";":                               415,
	}
	for mediaType, want := range tests {
		t.Run(mediaType, func(t *testing.T) {
			s := newServer(t, decide(eager))
			r := httptest.NewRequest(http.MethodPost, webhook.PathAnnotated, bytes.NewReader(reviewOf(t, webPod(1))))
			r.Header.Set("Content-Type", mediaType)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("status %d, want %d", w.Code, want)
			}
		})
	}
}

func TestNewNamesEveryOptionThatIsWrong(t *testing.T) {
	_, err := webhook.New(webhook.Options{MaxConcurrentReviews: -1, MaxInFlightBytes: 1, LogLinesPerSecond: -1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"policy", "logger", "registerer", "concurrent reviews", "bytes in flight", "log lines"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

func TestNewReportsMetricsThatExistAlready(t *testing.T) {
	s := newServer(t, decide(eager))
	_, err := webhook.New(webhook.Options{
		Policy: func() webhook.Decider { return decide(eager) }, Logger: nopLogger(), Registerer: prometheus.Registerer(s.registry),
	})
	if err == nil {
		t.Error("no error")
	}
}
