package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/workload"
)

func injectedPod(t *testing.T) (before, after *workload.Pod) {
	t.Helper()
	before = &workload.Pod{}
	text := `{"metadata":{"annotations":{"probe-injector.dev/liveness":"/livez","probe-injector.dev/readiness":"/readyz"}},
"spec":{"containers":[{"name":"web","image":"web","ports":[{"containerPort":8080}]}]}}`
	if err := json.Unmarshal([]byte(text), before); err != nil {
		t.Fatal(err)
	}
	d, _, err := patch.Decide(policy.Default("v1"), policy.Subject{Pod: before}, patch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return before, patch.Apply(before, &d)
}

func kindsOf(pod *workload.Pod) map[string]string {
	found := map[string]string{}
	for _, p := range policy.InjectedProbes(pod) {
		found[string(p.Kind)] = p.Handler
	}
	return found
}

func TestInjectedProbesAreThoseThatTheStatusListsAndThatStillAskTheSame(t *testing.T) {
	all := map[string]string{"startup": "http:8080/livez", "liveness": "http:8080/livez", "readiness": "http:8080/readyz"}
	for name, row := range map[string]struct {
		change func(*workload.Pod)
		want   map[string]string
	}{
		"as injected": {func(*workload.Pod) {}, all},
		"one asks something else since": {
			func(p *workload.Pod) { p.Spec.Containers[0].LivenessProbe.HTTPGet.Path = "/other" },
			map[string]string{"startup": all["startup"], "readiness": all["readiness"]},
		},
		"one was taken off": {
			func(p *workload.Pod) { p.Spec.Containers[0].ReadinessProbe = nil },
			map[string]string{"startup": all["startup"], "liveness": all["liveness"]},
		},
		"the status is gone": {func(p *workload.Pod) { p.Metadata.Annotations = nil }, map[string]string{}},
		"Istio's agent asks": {func(p *workload.Pod) {
			p.Spec.Containers[0].LivenessProbe.HTTPGet.Path = "/app-health/web/livez"
			p.Spec.Containers = append(p.Spec.Containers, workload.Container{Name: "istio-proxy"})
		}, all},
		"a path like that of Istio's agent, without Istio": {
			func(p *workload.Pod) { p.Spec.Containers[0].LivenessProbe.HTTPGet.Path = "/app-health/web/livez" },
			map[string]string{"startup": all["startup"], "readiness": all["readiness"]},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, pod := injectedPod(t)
			row.change(pod)
			if diff := cmp.Diff(row.want, kindsOf(pod)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWithoutInjectedIsThePodFromBefore(t *testing.T) {
	before, after := injectedPod(t)
	if diff := cmp.Diff(before, policy.WithoutInjected(after)); diff != "" {
		t.Error(diff)
	}
	if len(kindsOf(after)) != 3 {
		t.Error("the Pod itself has changed")
	}
}
