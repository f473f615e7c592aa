package webhook_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/webhook"
)

func TestWarningsAreWhatTheAPIServerPassesOn(t *testing.T) {
	long := strings.Repeat("ä", 200)
	tests := map[string]struct {
		given, want []string
	}{
		"three are sent as they are": {[]string{"a", "b", "c"}, []string{"a", "b", "c"}},
		"a fourth is dropped":        {[]string{"a", "b", "c", "d"}, []string{"a", "b", "c"}},
		"control characters":         {[]string{"a\nb\tc\x00d\u0085e"}, []string{"a b c d e"}},
		"no UTF-8":                   {[]string{"a\xffb"}, []string{"a\uFFFDb"}},
		"120 runes":                  {[]string{long[:240]}, []string{long[:240]}},
		"121 runes":                  {[]string{long[:242]}, []string{long[:238] + "…"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			given := slices.Clone(test.given)
			s := newServer(t, decide(func(policy.Subject) policy.Decision {
				return policy.Decision{Asked: true, Warnings: test.given}
			}))
			got := response(t, s.post(reviewOf(t, webPod(0)))).Warnings
			if !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
			for _, w := range got {
				if utf8.RuneCountInString(w) > policy.MaxWarningLength {
					t.Errorf("%d runes", utf8.RuneCountInString(w))
				}
			}
			if !slices.Equal(test.given, given) {
				t.Error("the decision was changed")
			}
		})
	}
}

func TestAuditAnnotationsAreShort(t *testing.T) {
	s := newServer(t, decide(func(s policy.Subject) policy.Decision {
		d := policy.Decision{Asked: true}
		for i, c := range s.Pod.Spec.Containers {
			at := policy.ContainerRef{Name: c.Name, Index: i}
			d.Injections = append(d.Injections, policy.Injection{Container: at, Kind: probe.Readiness, Probe: tcpProbe(1), Source: policy.SourceInference})
			d.Skips = append(d.Skips,
				policy.Skip{Container: c.Name, Kind: probe.Startup, Reason: "no_port"},
				policy.Skip{Container: c.Name, Kind: probe.Liveness, Reason: "no_port"})
		}
		return d
	}))
	pod := webPod(0)
	for i := range 20 {
		c := pod.Spec.Containers[0]
		c.Name = fmt.Sprintf("another-container-%02d", i)
		pod.Spec.Containers = append(pod.Spec.Containers, c)
	}
	got := response(t, s.post(reviewOf(t, pod))).AuditAnnotations
	for key, begin := range map[string]string{
		"injected": "web:readiness,another-container-00:readiness,",
		"reasons":  "web:no_port,another-container-00:no_port,another-container-01:no_port,",
	} {
		if len(got[key]) > 256 || !strings.HasPrefix(got[key], begin) || !strings.HasSuffix(got[key], ",…") {
			t.Errorf("%s: %d bytes, %s", key, len(got[key]), got[key])
		}
	}
}

func TestALogLineSaysWhoAndWhatButNotWhatThePodHolds(t *testing.T) {
	s := newServer(t, decide(func(s policy.Subject) policy.Decision {
		d := usual(s)
		d.Skips = []policy.Skip{{Container: "log", Kind: probe.Readiness, Reason: "no_port", Detail: "detail"}}
		return d
	}))
	pod := webPod(1)
	pod.Annotations["probe-injector.dev/host-header"] = "secret.example.com"
	dryRun := true
	s.postTo(webhook.PathRules+"shop", reviewOf(t, pod, func(r *admissionv1.AdmissionRequest) { r.DryRun = &dryRun }))
	var line map[string]any
	if err := json.Unmarshal(s.log.Bytes(), &line); err != nil {
		t.Fatalf("%v in %s", err, s.log)
	}
	for key, want := range map[string]any{
		"level": "INFO", "msg": "review", "result": "injected", "route": "rules", "namespace": "shop", "uid": testUID,
		"generate_name": "web-5d4f8c7b9-", "owner": "ReplicaSet/web-5d4f8c7b9", "dry_run": true,
		"injected": "web:startup,web:liveness,web:readiness", "reasons": "log:no_port",
	} {
		if line[key] != want {
			t.Errorf("%s: %v, want %v", key, line[key], want)
		}
	}
	for _, secret := range []string{"secret", "SHOP_SETTING", "registry.example.com"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

func TestLogLinesAreLimitedAndTheRestIsCounted(t *testing.T) {
	s := newServer(t, decide(usual), func(o *webhook.Options) { o.LogLinesPerSecond = 0.001 })
	body := reviewOf(t, webPod(0))
	for range 10 {
		s.post(body)
	}
	if lines := strings.Count(s.log.String(), "\n"); lines != 1 {
		t.Errorf("%d lines", lines)
	}
	if got := s.counter(t, "probe_injector_log_lines_suppressed_total"); got != 9 {
		t.Errorf("%v counted", got)
	}
}

func TestForgedReviewsLeaveLogLinesForOthers(t *testing.T) {
	s := newServer(t, decide(usual), func(o *webhook.Options) { o.LogLinesPerSecond = 0.001 })
	send := func(from, body string) {
		r := httptest.NewRequest(http.MethodPost, webhook.PathAnnotated, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = from
		serveHTTP(s.Handler, r)
	}
	review := string(reviewOf(t, webPod(0)))
	for range 100 {
		send("192.0.2.66:1", "no review")
		send("192.0.2.66:2", review)
	}
	s.log.Reset()
	send("192.0.2.1:1", review)
	if !strings.Contains(s.log.String(), `"result":"injected"`) {
		t.Errorf("the API server's review has no line: %s", s.log)
	}
}

func TestALogLineOfAHostileRequestIsShort(t *testing.T) {
	s := newServer(t, decide(usual))
	pod := webPod(0)
	pod.Name = strings.Repeat("n", 1<<20)
	pod.OwnerReferences[0].Name = strings.Repeat("o", 1<<20)
	s.post(reviewOf(t, pod, func(r *admissionv1.AdmissionRequest) { r.Namespace = strings.Repeat("s", 1<<20) }))
	if s.log.Len() > 4096 {
		t.Errorf("%d bytes", s.log.Len())
	}
}

func TestEveryLabelledSeriesExistsFromTheStart(t *testing.T) {
	s := newServer(t, decide(usual))
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]int{}
	for _, f := range families {
		series[f.GetName()] = len(f.GetMetric())
	}
	for name, least := range map[string]int{
		"probe_injector_reviews_total": 18, "probe_injector_errors_total": 5, "probe_injector_rejected_requests_total": 6, "probe_injector_probes_injected_total": 36,
		"probe_injector_skips_total": 20, "probe_injector_review_seconds": 1,
	} {
		if series[name] < least {
			t.Errorf("%s has %d series", name, series[name])
		}
	}
}
