package trial_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/audit"
	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/trial"
	"github.com/probe-injector/probe-injector/policy"
)

// pods are running Pods in YAML, with annotations and containers.
func pods(t *testing.T, names []string, annotations, containers string) []*audit.Pod {
	t.Helper()
	var all []*audit.Pod
	for _, name := range names {
		text := `{metadata: {name: ` + name + `, namespace: shop, labels: {pod-template-hash: x1}, annotations: ` + annotations + `,
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-x1, controller: true}]},
 spec: {containers: ` + containers + `}, status: {phase: Running, containerStatuses: [{name: app, state: {running: {startedAt: "2026-01-01T00:00:00Z"}}}]}}`
		pod := &audit.Pod{}
		if err := yaml.Unmarshal([]byte(text), pod); err != nil {
			t.Fatal(err)
		}
		all = append(all, pod)
	}
	return all
}

const app = `[{name: app, image: app, ports: [{containerPort: 8080}]}]`

func TestWhatIsTried(t *testing.T) {
	for name, row := range map[string]struct {
		annotations, containers string
		want                    []string
	}{
		"two handlers": {
			`{probe-injector.dev/liveness: /livez, probe-injector.dev/readiness: /readyz}`, app,
			[]string{"app startup+liveness http:8080/livez on 3", "app readiness http:8080/readyz on 3"},
		},
		"one handler of three probes is asked once": {
			`{probe-injector.dev/liveness: /healthz, probe-injector.dev/readiness: /healthz}`, app,
			[]string{"app startup+liveness+readiness http:8080/healthz on 3"},
		},
		"https": {`{probe-injector.dev/readiness: "https:8443/ready?full=1"}`, app, []string{"app readiness https:8443/ready?full=1 on 3"}},
		"a Pod that was injected before": {
			`{probe-injector.dev/readiness: /readyz, probe-injector.dev/status: "app: readiness http:8080/readyz (v1)"}`,
			`[{name: app, image: app, ports: [{containerPort: 8080}], readinessProbe: {httpGet: {port: 8080, path: /readyz, scheme: HTTP}}}]`,
			[]string{"app readiness http:8080/readyz on 3"},
		},
		"tcp is not tried":  {`{probe-injector.dev/readiness: "tcp:8080"}`, app, []string{"app readiness tcp:8080 not tried: only http and https can be tried"}},
		"grpc is not tried": {`{probe-injector.dev/readiness: "grpc:8080"}`, app, []string{"app readiness grpc:8080 not tried: only http and https can be tried"}},
		"a Host header is not tried": {
			`{probe-injector.dev/readiness: /x, probe-injector.dev/host-header: shop.example.com}`, app,
			[]string{"app readiness http:8080/x not tried: it sends headers, which the API server would not pass on as they are"},
		},
		"the port of MySQL is never tried": {
			`{probe-injector.dev/readiness: "http:3306/"}`, app, []string{"app readiness http:3306/ not tried: MySQL counts such connections as attacks"},
		},
		"a Pod that does not ask":               {`{}`, app, []string{"as if", "app startup+liveness+readiness tcp:8080 not tried: only http and https can be tried"}},
		"a Pod that refuses":                    {`{probe-injector.dev/inject: "false"}`, app, []string{"no webhook is asked for its Pods"}},
		"a Pod that asks, and nothing is found": {`{probe-injector.dev/inject: "true"}`, `[{name: app, image: app}]`, []string{"no probe would be injected: probe-injector explain says why"}},
		"a probe of its own is not tried": {
			`{probe-injector.dev/readiness: /x}`, `[{name: app, image: app, readinessProbe: {httpGet: {port: 1, path: /own}}}]`,
			[]string{"no probe would be injected: probe-injector explain says why"},
		},
		"a container that does not run": {
			`{other.probe-injector.dev/readiness: "http:9090/x"}`, `[{name: app, image: app}, {name: other, image: other, ports: [{containerPort: 9090}]}]`,
			[]string{"other readiness http:9090/x not tried: the container runs in none of its Pods"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			subjects := trial.Plan(policy.Default("v0.1.0"), pods(t, []string{"c", "a", "d", "b"}, row.annotations, row.containers), "shop", nil)
			if len(subjects) != 1 || subjects[0].String() != "shop/deployment/web" {
				t.Fatalf("%+v", subjects)
			}
			if diff := cmp.Diff(row.want, lines(&subjects[0])); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// lines are what is tried, a line for each handler.
func lines(s *trial.Subject) []string {
	var all []string
	if s.AsIf {
		all = append(all, "as if")
	}
	if s.Nothing != "" {
		all = append(all, s.Nothing)
	}
	for i := range s.Handlers {
		h := &s.Handlers[i]
		var kinds []string
		for _, kind := range h.Probes {
			kinds = append(kinds, string(kind))
		}
		line := h.Container + " " + strings.Join(kinds, "+") + " " + h.Handler
		if h.NotTried != "" {
			line += " not tried: " + h.NotTried
		} else {
			line += " on " + string(rune('0'+len(h.Tries)))
		}
		all = append(all, line)
	}
	return all
}

func TestOnlyRunningPodsAreTried(t *testing.T) {
	all := pods(t, []string{"a", "b"}, `{probe-injector.dev/readiness: /x}`, app)
	all[0].Status.Phase = "Pending"
	subjects := trial.Plan(policy.Default("v0.1.0"), all, "shop", nil)
	if trial.Count(subjects) != 1 || subjects[0].Handlers[0].Tries[0].Pod != "b" {
		t.Errorf("%+v", subjects)
	}
	if subjects := trial.Plan(policy.Default("v0.1.0"), all[:1], "shop", nil); len(subjects) != 0 {
		t.Errorf("%+v", subjects)
	}
	if subjects := trial.Plan(policy.Default("v0.1.0"), all, "kube-system", nil); trial.Count(subjects) != 0 {
		t.Errorf("%+v", subjects)
	}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	for name, row := range map[string]struct {
		answer  trial.Answer
		verdict trial.Verdict
		why     string
	}{
		"200":             {trial.Answer{Code: 200, Took: time.Millisecond}, trial.Pass, ""},
		"302":             {trial.Answer{Code: 302}, trial.Pass, ""},
		"399":             {trial.Answer{Code: 399}, trial.Pass, ""},
		"199":             {trial.Answer{Code: 199}, trial.Fail, "the kubelet accepts 200 to 399"},
		"404":             {trial.Answer{Code: 404}, trial.Fail, "the kubelet accepts 200 to 399"},
		"503":             {trial.Answer{Code: 503}, trial.Fail, "the kubelet accepts 200 to 399"},
		"too slow":        {trial.Answer{Code: 200, Took: 3500 * time.Millisecond}, trial.Fail, "the probe waits for 3 s"},
		"silence":         {trial.Answer{Silent: true, Took: 4 * time.Second}, trial.Fail, "no answer within 3 s"},
		"nothing listens": {trial.Answer{Unreached: "dial tcp 10.0.0.1:80: connect: connection refused"}, trial.Fail, "connection refused: nothing listens on the Pod's address and this port"},
		"no way":          {trial.Answer{Unreached: "dial tcp 10.0.0.1:80: connect: no route to host"}, trial.Unknown, "the API server cannot reach the Pod: dial tcp 10.0.0.1:80: connect: no route to host"},
		"no way in time":  {trial.Answer{Unreached: "dial tcp 10.0.0.1:80: i/o timeout"}, trial.Unknown, "the API server cannot reach the Pod: dial tcp 10.0.0.1:80: i/o timeout"},
		"no agent":        {trial.Answer{Unreached: "No agent available"}, trial.Unknown, "the API server cannot reach the Pod: No agent available"},
		"not TLS":         {trial.Answer{Unreached: "http: server gave HTTP response to HTTPS client"}, trial.Fail, "no HTTP answer: http: server gave HTTP response to HTTPS client"},
		"not HTTP":        {trial.Answer{Unreached: "malformed HTTP response \"\\x00\""}, trial.Fail, "no HTTP answer: malformed HTTP response \"\\x00\""},
	} {
		t.Run(name, func(t *testing.T) {
			var try trial.Try
			try.Judge(row.answer, 3)
			if try.Verdict != row.verdict || try.Why != row.why {
				t.Errorf("%s: %s", try.Verdict, try.Why)
			}
		})
	}
}

func TestSilenceOfAllIsUnknown(t *testing.T) {
	silent, answered := trial.Try{Pod: "a"}, trial.Try{Pod: "b"}
	silent.Judge(trial.Answer{Silent: true}, 3)
	answered.Judge(trial.Answer{Code: 404}, 3)
	for name, row := range map[string]struct {
		tries []trial.Try
		want  trial.Verdict
	}{
		"all are silent":       {[]trial.Try{silent, silent}, trial.Unknown},
		"one of them answered": {[]trial.Try{silent, answered}, trial.Fail},
	} {
		t.Run(name, func(t *testing.T) {
			subjects := []trial.Subject{{Handlers: []trial.Handler{{Tries: row.tries}}}}
			trial.Settle(subjects)
			if got := subjects[0].Handlers[0].Tries[0].Verdict; got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

func TestTextForPeople(t *testing.T) {
	subjects := trial.Plan(policy.Default("v0.1.0"), pods(t, []string{"web-x1-a", "web-x1-b"}, `{probe-injector.dev/liveness: /livez, probe-injector.dev/readiness: "tcp:8080"}`, app), "shop", nil)
	subjects[0].Handlers[0].Tries[0].Judge(trial.Answer{Code: 200, Took: 4 * time.Millisecond}, 3)
	subjects[0].Handlers[0].Tries[1].Judge(trial.Answer{Unreached: "connect: connection refused"}, 3)
	var text strings.Builder
	r := &trial.Report{Policy: "the chart's own", Workloads: subjects}
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	const want = `Policy: the chart's own

shop/deployment/web
  app: startup+liveness http:8080/livez
      web-x1-a  200 in 4 ms     would pass
      web-x1-b  no answer       would not: connection refused: nothing listens on the Pod's address and this port
  app: readiness tcp:8080
      not tried: only http and https can be tried
`
	if diff := cmp.Diff(want, text.String()); diff != "" {
		t.Error(diff)
	}
}
