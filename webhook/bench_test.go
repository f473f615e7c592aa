package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/preflight"
	"github.com/probe-injector/probe-injector/webhook"
)

// BenchmarkHandler is one review without the network: a Pod that asks, with three probes added, by the number of
// environment variables. Allocations must not grow with them: what no decision needs is not decoded.
//
// Each review is followed by one of the least that any webhook in Go does, on the same body, so that vs_fixed_patch
// compares them in one run, whatever else the machine does.
func BenchmarkHandler(b *testing.B) {
	for _, variables := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("variables=%d", variables), func(b *testing.B) {
			benchmark(b, decide(usual), reviewOf(b, webPod(variables)))
		})
	}
	b.Run("unchanged", func(b *testing.B) {
		benchmark(b, decide(func(policy.Subject) policy.Decision { return policy.Decision{} }), reviewOf(b, webPod(10)))
	})
}

// fixedPatch is the least that any webhook in Go does: read the body, find the uid, answer a constant.
func fixedPatch(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var review struct {
		Request struct {
			UID string `json:"uid"`
		} `json:"request"`
	}
	if err := json.Unmarshal(data, &review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":%q,"allowed":true,"patchType":"JSONPatch","patch":"W3sib3AiOiJhZGQiLCJwYXRoIjoiL3NwZWMvY29udGFpbmVycy8wL3JlYWRpbmVzc1Byb2JlIiwidmFsdWUiOnsidGNwU29ja2V0Ijp7InBvcnQiOjgwODB9fX1d"}}`, review.Request.UID)
}

// discard is a response writer that keeps nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// benchmark reports the time and the allocations of the handler alone, and its time as a part of fixedPatch's.
func benchmark(b *testing.B, engine webhook.Decider, body []byte) {
	b.Helper()
	h := newServer(b, engine, func(o *webhook.Options) { o.Logger = nopLogger() })
	serve := serving(b, webhook.PathAnnotated, body)
	var ours, least time.Duration
	for b.Loop() {
		ours += serve(h)
		least += serve(http.HandlerFunc(fixedPatch))
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(ours)/float64(least), "vs_fixed_patch")
	b.ReportMetric(testing.AllocsPerRun(100, func() { serve(h) }), "allocs/review")
}

// serving returns what sends a body to a handler again and again, and says how long the handler took.
func serving(b *testing.B, path string, body []byte) func(h http.Handler) time.Duration {
	b.Helper()
	reader := bytes.NewReader(body)
	r, err := http.NewRequest(http.MethodPost, path, io.NopCloser(reader))
	if err != nil {
		b.Fatal(err)
	}
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Type", "application/json")
	w := discard{header: http.Header{}}
	return func(h http.Handler) time.Duration {
		reader.Reset(body)
		clear(w.header)
		begin := time.Now()
		h.ServeHTTP(w, r)
		return time.Since(begin)
	}
}

// BenchmarkPreflight is the review of a workload, followed by that of a Pod of its template, by the real engine: vs_pod
// compares them in one run. An update has the old workload beside the new one.
func BenchmarkPreflight(b *testing.B) {
	for _, variables := range []int{10, 100, 1000} {
		before, after := webDeployment(variables, nil), webDeployment(variables, nil)
		after.Spec.Template.Spec.Containers[0].Image = "web:2"
		for name, body := range map[string][]byte{
			"create": preflightOf(b, after, nil), "update": preflightOf(b, after, before), "dry-run": preflightOf(b, after, before, dryRun),
		} {
			b.Run(fmt.Sprintf("%s/variables=%d", name, variables), func(b *testing.B) {
				h := quietPreflight(b, preflight.Options{Plan: true})
				workload, pod := serving(b, webhook.PathPreflight, body), serving(b, webhook.PathAnnotated, reviewOf(b, webPod(variables)))
				var ours, theirs []time.Duration
				for b.Loop() {
					ours, theirs = append(ours, workload(h)), append(theirs, pod(h))
				}
				b.ReportMetric(float64(undisturbed(ours)), "ns/op")
				b.ReportMetric(float64(undisturbed(ours))/float64(undisturbed(theirs)), "vs_pod")
			})
		}
	}
}

// undisturbed is the time that one in ten stays below: the others are those in which the machine did something else too.
func undisturbed(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/10]
}
