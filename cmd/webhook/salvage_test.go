package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// asking is a Pod that asks for probes by itself.
func asking() policy.Subject {
	pod := &workload.Pod{Metadata: &workload.ObjectMeta{Name: "web", Annotations: map[string]string{"probe-injector.dev/inject": "true"}}}
	pod.Spec.RestartPolicy = "Always"
	pod.Spec.Containers = []workload.Container{{Name: "web", Ports: []workload.ContainerPort{{ContainerPort: 8080, Protocol: "TCP"}}}}
	return policy.Subject{Pod: pod}
}

func TestAWrongPolicyAtTheStartDoesNothingThatTheRightOneWouldNotDo(t *testing.T) {
	const head = "apiVersion: probe-injector.dev/v1alpha1\nkind: ProbePolicy\nspec:\n"
	rule := func(name, probe string) string {
		return "  - {name: " + name + ", namespaceSelector: {matchLabels: {a: " + name + "}}, probes: [" + probe + "]}\n"
	}
	for name, test := range map[string]struct {
		file   string
		groups []string
		audit  bool
	}{
		"a rule that is wrong is left out, and all after it":   {head + "  rules:\n" + rule("one", "readiness") + rule("two", "bogus") + rule("three", "readiness"), []string{"one"}, false},
		"the first rule is wrong":                              {head + "  rules:\n" + rule("one", "bogus") + rule("two", "readiness"), nil, false},
		"a mode that is none injects nothing":                  {head + "  mode: Never\n", nil, true},
		"a wrong rule and a wrong mode inject nothing":         {head + "  mode: Never\n  rules:\n" + rule("one", "bogus"), nil, true},
		"a wrong profile injects nothing":                      {head + "  profiles: [{name: spring-boot, liveness: bogus}]\n", nil, true},
		"an unknown field injects nothing":                     {head + "  style: StartupProbe\n  new: 1\n", nil, true},
		"no YAML injects nothing":                              {"kind: [broken", nil, true},
		"an empty file injects nothing":                        {"", nil, true},
		"another kind injects nothing":                         {"apiVersion: v1\nkind: ConfigMap\n", nil, true},
		"a file that is wrong at its end is not read in parts": {injectPolicy + "---\n" + injectPolicy, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "policy.yaml")
			writeFile(t, file, []byte(test.file))
			s, err := newPolicySource(file, prometheus.NewRegistry())
			if err != nil {
				t.Fatal(err)
			}
			if s.mistake() == nil {
				t.Fatal("nothing is wrong")
			}
			if got := s.current().Groups(); !slices.Equal(got, test.groups) {
				t.Errorf("the groups of rules are %v", got)
			}
			if d := s.current().Decide(asking()); (d.Mode == v1alpha1.ModeAudit) != test.audit {
				t.Errorf("the mode is %s", d.Mode)
			}
		})
	}
}

func TestTheProcessStartsWithAWrongPolicyAndSaysSo(t *testing.T) {
	for name, text := range map[string]string{"one that is wrong": "kind: [broken", "one that is not there": ""} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "policy.yaml")
			if text != "" {
				writeFile(t, file, []byte(text))
			}
			r := start(t, "--policy="+file)
			status, body := r.get(r.health + "/readyz")
			if status != http.StatusOK || !strings.Contains(body, "the policy file is wrong") {
				t.Errorf("readyz: %d %s", status, body)
			}
			if _, answer := r.post(); len(answer.Patch) != 0 {
				t.Error("something is injected that the policy may forbid")
			}
			if _, body := r.get(r.scrape); !strings.Contains(body, "\nprobe_injector_policy_last_reload_successful 0") {
				t.Error("the metric does not show it")
			}
			writeFile(t, file, []byte(injectPolicy))
			r.eventually("the corrected policy is in force", func() bool {
				_, body := r.get(r.scrape)
				return strings.Contains(body, "\nprobe_injector_policy_last_reload_successful 1")
			})
			if _, answer := r.post(); len(answer.Patch) == 0 {
				t.Error("nothing is injected with the right one")
			}
			if !strings.Contains(r.log.String(), `"level":"ERROR","msg":"the policy is wrong`) {
				t.Error("the log says nothing of it")
			}
		})
	}
}
