package webhook_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
)

func TestTheStatusIsOmittedWhenAnnotationsWouldExceedTheirLimit(t *testing.T) {
	const key, status, limit = "probe-injector.dev/status", "status", 256 << 10
	tests := map[string]struct {
		others      int
		old         string
		wantOmitted bool
	}{
		"just below the limit":                    {others: limit - len(key) - len(status) - 1},
		"at the limit":                            {others: limit - len(key) - len(status)},
		"above the limit":                         {others: limit - len(key) - len(status) + 1, wantOmitted: true},
		"at the limit by the place of an old one": {others: limit - len(key) - len(status), old: strings.Repeat("x", 100)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, decide(func(s policy.Subject) policy.Decision {
				d := usual(s)
				d.Status = status
				return d
			}))
			pod := webPod(0)
			pod.Annotations = map[string]string{"a": strings.Repeat("x", test.others-1)}
			if test.old != "" {
				pod.Annotations[key] = test.old
			}
			paths := patchPaths(t, response(t, s.post(reviewOf(t, pod))))
			if omitted := !slices.Contains(paths, "/metadata/annotations/probe-injector.dev~1status"); omitted != test.wantOmitted {
				t.Errorf("omitted: %v", omitted)
			}
			if len(paths) < 3 {
				t.Errorf("the probes are gone too: %q", paths)
			}
			if counted := s.counter(t, "probe_injector_status_omitted_total") == 1; counted != test.wantOmitted {
				t.Errorf("counted: %v", counted)
			}
		})
	}
}

func TestAnInjectionThatDoesNotFitItsPodIsLeftOut(t *testing.T) {
	web := policy.ContainerRef{Name: "web"}
	tests := map[string]policy.Injection{
		"an index beyond the containers":  {Container: policy.ContainerRef{Name: "web", Index: 1}, Kind: probe.Readiness, Probe: httpProbe()},
		"a negative index":                {Container: policy.ContainerRef{Name: "web", Index: -1}, Kind: probe.Readiness, Probe: httpProbe()},
		"another name":                    {Container: policy.ContainerRef{Name: "wep"}, Kind: probe.Readiness, Probe: httpProbe()},
		"an init container that is none":  {Container: policy.ContainerRef{Name: "web", Init: true}, Kind: probe.Readiness, Probe: httpProbe()},
		"a probe that exists":             {Container: web, Kind: probe.Liveness, Probe: httpProbe()},
		"no probe":                        {Container: web, Kind: probe.Readiness},
		"a kind that does not exist":      {Container: web, Kind: "stopping", Probe: httpProbe()},
		"a probe that was added just now": {Container: web, Kind: probe.Startup, Probe: tcpProbe(1)},
	}
	for name, wrong := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, decide(func(policy.Subject) policy.Decision {
				right := policy.Injection{Container: web, Kind: probe.Startup, Probe: httpProbe(), Source: policy.SourceAnnotation}
				return policy.Decision{Asked: true, Injections: []policy.Injection{right, wrong}}
			}))
			pod := webPod(0)
			pod.Spec.Containers[0].LivenessProbe = httpProbe()
			got := response(t, s.post(reviewOf(t, pod)))
			if paths := patchPaths(t, got); !slices.Equal(paths, []string{"/spec/containers/0/startupProbe"}) {
				t.Errorf("patch of %q", paths)
			}
			if counted := s.counter(t, "probe_injector_errors_total", "stage", "patch"); counted != 1 {
				t.Errorf("%v counted", counted)
			}
			if !strings.Contains(s.log.String(), "which is a bug") {
				t.Errorf("log %s", s.log)
			}
		})
	}
}

func TestProbesGoToTheirContainers(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	pod := webPod(0)
	pod.Spec.InitContainers = []corev1.Container{{Name: "migrate"}, {Name: "proxy", RestartPolicy: &always}}
	pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "log"})
	s := newServer(t, decide(func(policy.Subject) policy.Decision {
		var d policy.Decision
		for _, at := range []policy.ContainerRef{{Name: "proxy", Index: 1, Init: true}, {Name: "log", Index: 1}} {
			d.Injections = append(d.Injections, policy.Injection{Container: at, Kind: probe.Readiness, Probe: tcpProbe(int32(9000 + at.Index)), Source: policy.SourceInference})
		}
		return d
	}))
	body := reviewOf(t, pod)
	got := response(t, s.post(body))
	object, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	var patched corev1.Pod
	if err := json.Unmarshal(apply(t, object, got.Patch), &patched); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]corev1.Container{"migrate": patched.Spec.InitContainers[0], "proxy": patched.Spec.InitContainers[1], "web": patched.Spec.Containers[0], "log": patched.Spec.Containers[1]} {
		if wanted := name == "proxy" || name == "log"; wanted != (c.ReadinessProbe != nil) {
			t.Errorf("%s: readiness probe %v", name, c.ReadinessProbe)
		}
	}
	if got := s.counter(t, "probe_injector_probes_injected_total", "probe", "readiness", "handler", "tcp", "source", "inference"); got != 2 {
		t.Errorf("%v counted", got)
	}
}
