package statusline_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/statusline"
)

// handlers are the probes of a container by their kinds; an empty handler is no probe.
func handlers(startup, liveness, readiness string) (probes probe.Map[string]) {
	for kind, handler := range map[probe.Kind]string{probe.Startup: startup, probe.Liveness: liveness, probe.Readiness: readiness} {
		if handler != "" {
			probes.Set(kind, handler)
		}
	}
	return probes
}

func equal(a, b statusline.Status) string {
	return cmp.Diff(a, b, cmp.AllowUnexported(probe.Map[string]{}))
}

func TestALineIsWrittenForPeopleAndReadBack(t *testing.T) {
	web := statusline.Container{
		Name: "web", Probes: handlers("http:8080/healthz", "http:8080/healthz", "http:8080/readyz"),
		StartWithin: 122, RestartFrom: 50, RestartTo: 65,
	}
	cache := statusline.Container{Name: "cache", Reason: reason.NoPort}
	rows := map[string]struct {
		status statusline.Status
		line   string
	}{
		"startup and liveness with one handler are joined": {
			statusline.Status{Containers: []statusline.Container{web}},
			"web: startup+liveness http:8080/healthz, readiness http:8080/readyz; up to 122s to start, restart after 50-65s (v1)",
		},
		"startup and liveness with two handlers stand apart": {
			statusline.Status{Containers: []statusline.Container{{
				Name: "web", Probes: handlers("tcp:80", "http:80/", ""), StartWithin: 5, RestartFrom: 1, RestartTo: 2,
			}}},
			"web: startup tcp:80, liveness http:80/; up to 5s to start, restart after 1-2s (v1)",
		},
		"a startup probe alone restarts nothing later": {
			statusline.Status{Containers: []statusline.Container{{Name: "web", Probes: handlers("tcp:80", "", ""), StartWithin: 60}}},
			"web: startup tcp:80; up to 60s to start (v1)",
		},
		"readiness alone promises no times": {
			statusline.Status{Containers: []statusline.Container{{Name: "web", Probes: handlers("", "", "grpc:9000/shop")}}},
			"web: readiness grpc:9000/shop (v1)",
		},
		"what was asked for and is not injected follows the probes": {
			statusline.Status{Containers: []statusline.Container{{
				Name: "web", Probes: handlers("", "", "tcp:80"),
				Withheld: []statusline.Withheld{{Kind: probe.Startup, Reason: reason.InvalidAnnotation}, {Kind: probe.Liveness, Reason: reason.InvalidAnnotation}},
			}}},
			"web: readiness tcp:80; no startup: invalid_annotation; no liveness: invalid_annotation (v1)",
		},
		"what can be changed about a reason stands behind it": {
			statusline.Status{Containers: []statusline.Container{{Name: "nothing", Reason: reason.LowConfidence, Detail: "low, policy.confidence.readiness is medium"}}},
			"nothing: " + "nothing: low_confidence (low, policy.confidence.readiness is medium) (v1)",
		},
		"and behind that of a probe": {
			statusline.Status{Containers: []statusline.Container{{
				Name: "web", Probes: handlers("", "", "tcp:80"),
				Withheld: []statusline.Withheld{
					{Kind: probe.Startup, Reason: reason.NoPort}, {Kind: probe.Liveness, Reason: reason.LowConfidence, Detail: "medium, policy.confidence.liveness is high"},
				},
			}}},
			"web: readiness tcp:80; no startup: no_port; no liveness: low_confidence (medium, policy.confidence.liveness is high) (v1)",
		},
		"containers stand in their order": {
			statusline.Status{Containers: []statusline.Container{cache, {Name: "web", Probes: handlers("", "", "tcp:80")}}},
			"cache: nothing: no_port | web: readiness tcp:80 (v1)",
		},
		"a Pod that gets nothing has one reason": {
			statusline.Status{PodReason: reason.RestartPolicy},
			"nothing: restart_policy (v1)",
		},
		"a Pod that gets nothing else has it after its containers": {
			statusline.Status{Containers: []statusline.Container{cache}, PodReason: reason.RestartPolicy},
			"cache: nothing: no_port | nothing else: restart_policy (v1)",
		},
		"a container called nothing is told from the Pod's reason": {
			statusline.Status{Containers: []statusline.Container{{Name: "nothing", Reason: reason.NoPort}}},
			"nothing: " + "nothing: no_port (v1)",
		},
		"a container called nothing keeps its probes": {
			statusline.Status{Containers: []statusline.Container{{Name: "nothing", Probes: handlers("", "", "tcp:80")}}},
			"nothing: readiness tcp:80 (v1)",
		},
		"a mistake stands last": {
			statusline.Status{Containers: []statusline.Container{cache}, Mistake: `a.dev/liveness: "8080": write tcp:8080`},
			`cache: nothing: no_port | wrong annotation a.dev/liveness: "8080": write tcp:8080 (v1)`,
		},
		"a mistake follows the Pod's reason": {
			statusline.Status{PodReason: reason.InvalidAnnotation, Mistake: `a.dev/x: unknown key`},
			`nothing: invalid_annotation | wrong annotation a.dev/x: unknown key (v1)`,
		},
		"a mistake may quote anything": {
			statusline.Status{Containers: []statusline.Container{cache}, Mistake: `a.dev/x: " | wrong annotation b: ; no (v2)"`},
			`cache: nothing: no_port | wrong annotation a.dev/x: " | wrong annotation b: ; no (v2)" (v1)`,
		},
		"a container called wrong is no mistake": {
			statusline.Status{Containers: []statusline.Container{{Name: "wrong", Reason: reason.NoPort}}},
			"wrong: nothing: no_port (v1)",
		},
		"a mistake after a line that was cut": {
			statusline.Status{Containers: []statusline.Container{cache}, Cut: true, Mistake: "a.dev/x: y"},
			"cache: nothing: no_port | ... | wrong annotation a.dev/x: y (v1)",
		},
		"a line that was cut stays cut": {
			statusline.Status{Containers: []statusline.Container{cache}, Cut: true},
			"cache: nothing: no_port | ... (v1)",
		},
		"a line without room for one container stays cut": {
			statusline.Status{Cut: true},
			"... (v1)",
		},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			row.status.Version = "v1"
			if line := statusline.Format(row.status); line != row.line {
				t.Errorf("Format gives\n%s, want\n%s", line, row.line)
			}
			parsed, ok := statusline.Parse(row.line)
			if diff := equal(row.status, parsed); diff != "" || !ok {
				t.Errorf("Parse reports %v (-want +got):\n%s", ok, diff)
			}
		})
	}
}

func TestWhatSomebodyElseWroteIsReadAsFarAsItCanBe(t *testing.T) {
	rows := map[string]struct {
		line string
		// reads are the containers that are read all the same.
		reads []string
	}{
		"no version":                      {"web: readiness tcp:80", nil},
		"nothing but a version":           {" (v1)", nil},
		"an unknown probe":                {"web: wellness tcp:80 (v1)", nil},
		"a probe without a handler":       {"web: readiness (v1)", nil},
		"one container that can be read":  {"hello | web: readiness tcp:80 (v1)", []string{"web"}},
		"an unknown clause":               {"web: readiness tcp:80; and so on (v1)", []string{"web"}},
		"a time without its unit":         {"web: startup tcp:80; up to 5 to start (v1)", []string{"web"}},
		"a time that is no number":        {"web: startup tcp:80; up to fives to start (v1)", []string{"web"}},
		"probes in another order":         {"web: readiness tcp:80, startup tcp:80; up to 5s to start (v1)", []string{"web"}},
		"times of a probe without any":    {"web: readiness tcp:80; up to 5s to start (v1)", []string{"web"}},
		"half of a span":                  {"web: liveness tcp:80; up to 5s to start, restart after 5s (v1)", []string{"web"}},
		"more containers in the middle":   {"web: readiness tcp:80 | ... | cache: nothing: no_port (v1)", []string{"web", "cache"}},
		"a refused probe without reason":  {"web: readiness tcp:80; no liveness (v1)", []string{"web"}},
		"a sentence in place of a reason": {"nothing: it is too late (v1)", nil},
		"a number written at length":      {"web: startup tcp:80; up to 005s to start (v1)", []string{"web"}},
		"a mistake that says nothing":     {"web: readiness tcp:80 | wrong annotation  (v1)", []string{"web"}},
		"more than a line may hold":       {"web: readiness tcp:80" + strings.Repeat("x", statusline.MaxLength) + " (v1)", nil},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			parsed, ok := statusline.Parse(row.line)
			if ok {
				t.Errorf("%q is taken for a line of Format", row.line)
			}
			var names []string
			for _, c := range parsed.Containers {
				names = append(names, c.Name)
			}
			if diff := cmp.Diff(row.reads, names); diff != "" {
				t.Errorf("containers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheVersionIsTakenOffTheEnd(t *testing.T) {
	for line, want := range map[string]string{
		"nothing: no_port (v0.1.0)": "nothing: no_port",
		"a (b) (v0.1.0)":            "a (b)",
		"nothing: no_port":          "",
		"nothing (v0.1.0) more":     "",
		"(v0.1.0)":                  "",
	} {
		if got := statusline.WithoutVersion(line); got != want {
			t.Errorf("WithoutVersion(%q) is %q, want %q", line, got, want)
		}
	}
}
