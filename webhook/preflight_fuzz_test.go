package webhook_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/preflight"
	"github.com/probe-injector/probe-injector/webhook"
)

// quietPreflight is a handler without a log.
func quietPreflight(t testing.TB, o preflight.Options) *webhook.Handler {
	t.Helper()
	p := policy.Default("test")
	h, err := webhook.New(webhook.Options{
		Policy: func() webhook.Decider { return p }, Logger: nopLogger(), Registerer: prometheus.NewRegistry(), Preflight: o,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// FuzzPreflight sends any bytes as the review of a workload, and holds the answer to the few that there are, and the
// memory to what was accounted.
func FuzzPreflight(f *testing.F) {
	addSeeds(f)
	good, wrong := webDeployment(1, nil), webDeployment(1, wrongBudget())
	wrong.Annotations["probe-injector.dev/inject"] = "true"
	wrong.Labels = map[string]string{"probe-injector.dev/profile": "nginx"}
	f.Add(preflightOf(f, good, nil, dryRun))
	f.Add(preflightOf(f, wrong, nil))
	f.Add(preflightOf(f, wrong, good, dryRun))
	f.Add(bytes.ReplaceAll(preflightOf(f, wrong, good), []byte("Deployment"), []byte("CronJob")))
	f.Add([]byte(`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":"CREATE","dryRun":true,` +
		`"options":{"fieldManager":"kubectl-create"},"kind":{"group":"batch","version":"v1","kind":"CronJob"},"object":{"metadata":{"name":"\u0000\n"},` +
		`"spec":{"jobTemplate":{"metadata":{"annotations":{"probe-injector.dev/inject":"\u0000"}},"spec":{"template":{"metadata":{"annotations":{` +
		`"a\n.probe-injector.dev/liveness":"\u0007","probe-injector.io/inject":"x","probe-injector.dev/inject":"true"}},"spec":{"containers":[{"name":"a\u0085\ud800"}]}}}}}}}}`))
	strict := quietPreflight(f, preflight.Options{Deny: true, Plan: true, RequireLabel: true})
	lenient := quietPreflight(f, preflight.Options{Plan: true})
	f.Fuzz(func(t *testing.T, body []byte) {
		checkPreflight(t, strict, body)
		checkPreflight(t, lenient, body)
		checkPreflightAccount(t, body)
	})
}

// checkPreflight sends a body and checks everything that must hold for any answer.
func checkPreflight(t *testing.T, h http.Handler, body []byte) {
	t.Helper()
	w := post(t, h, webhook.PathPreflight, body)
	if !utf8.Valid(w.Body.Bytes()) {
		t.Fatalf("no UTF-8: %q", w.Body)
	}
	if w.Code != http.StatusOK {
		if w.Code == http.StatusInternalServerError {
			t.Fatalf("a bug: %s", w.Body)
		}
		wantStatusBody(t, w)
		return
	}
	got := response(t, w)
	if got.Patch != nil || len(got.AuditAnnotations) > 0 || len(got.Warnings) > preflight.MaxLines {
		t.Fatalf("answered %s", w.Body)
	}
	for _, line := range got.Warnings {
		wantLine(t, line)
	}
	if got.Allowed {
		if got.Result != nil {
			t.Fatalf("allowed with a status: %s", w.Body)
		}
		return
	}
	wantDenial(t, got.Result)
}

// wantLine holds a warning to what the API server passes on and kubectl shows as one line.
func wantLine(t *testing.T, line string) {
	t.Helper()
	if utf8.RuneCountInString(line) > preflight.MaxLineLength || strings.ContainsFunc(line, unicode.IsControl) {
		t.Fatalf("line %q", line)
	}
	if about, _, ok := strings.Cut(line, ": "); !ok || !strings.Contains(about, "/") {
		t.Fatalf("a line that does not name its workload: %q", line)
	}
}

// wantDenial holds a refusal to what the API server needs in order to pass it on with its causes.
func wantDenial(t *testing.T, status *metav1.Status) {
	t.Helper()
	if status == nil || status.Code != http.StatusUnprocessableEntity || status.Reason != metav1.StatusReasonInvalid || status.Details == nil || len(status.Details.Causes) == 0 {
		t.Fatalf("refused with %+v", status)
	}
	said, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, cause := range status.Details.Causes {
		all = append(all, cause.Field, cause.Message)
	}
	all = append(all, status.Message, status.Details.Name, status.Details.Kind, status.Details.Group)
	if strings.ContainsFunc(strings.Join(all, ""), unicode.IsControl) {
		t.Fatalf("control characters in %s", said)
	}
}
