package patch_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

const statusKey = "probe-injector.dev/status"

func tcpProbe(port int32) *corev1.Probe {
	return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(port)}}, PeriodSeconds: 10}
}

func inject(kind probe.Kind, at policy.ContainerRef) policy.Injection {
	return policy.Injection{Container: at, Kind: kind, Probe: tcpProbe(8080)}
}

// view decodes a Pod as a review does.
func view(t *testing.T, object string) *workload.Pod {
	t.Helper()
	var pod workload.Pod
	if err := json.Unmarshal([]byte(object), &pod); err != nil {
		t.Fatal(err)
	}
	return &pod
}

// rows are Pods and decisions, with the patch that follows.
func rows() map[string]struct {
	object   string
	decision policy.Decision
	want     string
} {
	const (
		web    = `"spec":{"containers":[{"name":"web"}]}`
		added  = `{"op":"add","path":"/spec/containers/0/readinessProbe","value":{"tcpSocket":{"port":8080},"periodSeconds":10}}`
		value  = `,"value":{"probe-injector.dev/injected":"true"}}]`
		parent = `[{"op":"add","path":"/metadata","value":{"annotations":{"probe-injector.dev/status":"s"}}}`
	)
	s := policy.Decision{Status: "s"}
	ready := []policy.Injection{inject(probe.Readiness, policy.ContainerRef{Name: "web"})}
	label := policy.Decision{Injections: ready, Label: true}
	return map[string]struct {
		object   string
		decision policy.Decision
		want     string
	}{
		"nothing":                         {`{}`, policy.Decision{}, ``},
		"audit mode":                      {`{` + web + `}`, policy.Decision{Mode: v1alpha1.ModeAudit, Status: "s", Injections: ready, Label: true}, ``},
		"a status without metadata":       {`{}`, s, parent + `]`},
		"metadata that is null":           {`{"metadata":null}`, s, parent + `]`},
		"no annotations":                  {`{"metadata":{}}`, s, `[{"op":"add","path":"/metadata/annotations","value":{"probe-injector.dev/status":"s"}}]`},
		"annotations that are null":       {`{"metadata":{"annotations":null}}`, s, `[{"op":"add","path":"/metadata/annotations","value":{"probe-injector.dev/status":"s"}}]`},
		"empty annotations":               {`{"metadata":{"annotations":{}}}`, s, `[{"op":"add","path":"/metadata/annotations/probe-injector.dev~1status","value":"s"}]`},
		"another status":                  {`{"metadata":{"annotations":{"probe-injector.dev/status":"x"}}}`, s, `[{"op":"add","path":"/metadata/annotations/probe-injector.dev~1status","value":"s"}]`},
		"the same status":                 {`{"metadata":{"annotations":{"probe-injector.dev/status":"s"}}}`, s, ``},
		"a probe":                         {`{"metadata":{},` + web + `}`, policy.Decision{Injections: ready}, `[` + added + `]`},
		"a probe of a native sidecar":     {`{"metadata":{},"spec":{"initContainers":[{"name":"migrate"},{"name":"proxy"}]}}`, policy.Decision{Injections: []policy.Injection{inject(probe.Startup, policy.ContainerRef{Name: "proxy", Index: 1, Init: true})}}, `[{"op":"add","path":"/spec/initContainers/1/startupProbe","value":{"tcpSocket":{"port":8080},"periodSeconds":10}}]`},
		"a label without labels":          {`{"metadata":{},` + web + `}`, label, `[` + added + `,{"op":"add","path":"/metadata/labels"` + value},
		"labels that are null":            {`{"metadata":{"labels":null},` + web + `}`, label, `[` + added + `,{"op":"add","path":"/metadata/labels"` + value},
		"a label beside others":           {`{"metadata":{"labels":{"a":"b"}},` + web + `}`, label, `[` + added + `,{"op":"add","path":"/metadata/labels/probe-injector.dev~1injected","value":"true"}]`},
		"a label that is there stays":     {`{"metadata":{"labels":{"probe-injector.dev/injected":"false"}},` + web + `}`, label, `[` + added + `]`},
		"a label without metadata":        {`{` + web + `}`, label, `[` + added + `,{"op":"add","path":"/metadata","value":{"labels":{"probe-injector.dev/injected":"true"}}}]`},
		"both without metadata":           {`{` + web + `}`, policy.Decision{Injections: ready, Label: true, Status: "s"}, `[` + added + `,` + parent[1:] + `,{"op":"add","path":"/metadata/labels"` + value},
		"no label where nothing is added": {`{"metadata":{},` + web + `}`, policy.Decision{Label: true}, ``},
	}
}

func TestNew(t *testing.T) {
	for name, row := range rows() {
		t.Run(name, func(t *testing.T) {
			made, err := patch.New(view(t, row.object), &row.decision)
			if err != nil {
				t.Fatal(err)
			}
			if string(made.Operations) != row.want {
				t.Errorf("%s\nwant %s", made.Operations, row.want)
			}
		})
	}
}

// What Apply makes of a Pod is what the library of the API server makes of the patch.
func TestApplyDoesWhatThePatchDoes(t *testing.T) {
	for name, row := range rows() {
		t.Run(name, func(t *testing.T) {
			before := view(t, row.object)
			made, err := patch.New(before, &row.decision)
			if err != nil {
				t.Fatal(err)
			}
			patched := []byte(row.object)
			if made.Operations != nil {
				operations, err := jsonpatch.DecodePatch(made.Operations)
				if err != nil {
					t.Fatal(err)
				}
				if patched, err = operations.Apply(patched); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := patch.Apply(before, &row.decision), view(t, string(patched)); !reflect.DeepEqual(got, want) {
				t.Errorf("%+v\nwant %+v", got, want)
			}
			if !reflect.DeepEqual(before, view(t, row.object)) {
				t.Error("the Pod itself was changed")
			}
			var typed, want corev1.Pod
			if err := json.Unmarshal([]byte(row.object), &typed); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(patched, &want); err != nil {
				t.Fatal(err)
			}
			if got := patch.ApplyToPod(&typed, &row.decision); !reflect.DeepEqual(got, &want) {
				t.Errorf("typed %+v\nwant %+v", got, &want)
			}
		})
	}
}

func TestAnInjectionThatDoesNotFitItsPodIsLeftOut(t *testing.T) {
	web := policy.ContainerRef{Name: "web"}
	const object = `{"spec":{"containers":[{"name":"web","livenessProbe":{}},null]}}`
	for name, wrong := range map[string]policy.Injection{
		"an index beyond the containers":  inject(probe.Readiness, policy.ContainerRef{Name: "web", Index: 2}),
		"a negative index":                inject(probe.Readiness, policy.ContainerRef{Name: "web", Index: -1}),
		"another name":                    inject(probe.Readiness, policy.ContainerRef{Name: "wep"}),
		"an init container that is none":  inject(probe.Readiness, policy.ContainerRef{Name: "web", Init: true}),
		"a container that is null":        inject(probe.Readiness, policy.ContainerRef{Index: 1}),
		"a probe that exists":             inject(probe.Liveness, web),
		"no probe":                        {Container: web, Kind: probe.Readiness},
		"a kind that does not exist":      inject("stopping", web),
		"a probe that was added just now": inject(probe.Startup, web),
	} {
		t.Run(name, func(t *testing.T) {
			right := []policy.Injection{inject(probe.Startup, web), inject(probe.Readiness, web)}
			d := policy.Decision{Injections: []policy.Injection{right[0], wrong, right[1]}}
			if wrong.Kind == probe.Readiness && wrong.Probe == nil {
				d.Injections = []policy.Injection{wrong, right[0], right[1]}
			}
			pod := view(t, object)
			made, err := patch.New(pod, &d)
			if err != nil {
				t.Fatal(err)
			}
			if made.Contradictions != 1 || len(made.Injections) != 2 || strings.Count(string(made.Operations), `"op"`) != 2 {
				t.Errorf("%d contradictions, patch %s", made.Contradictions, made.Operations)
			}
			c := patch.Apply(pod, &d).Spec.Containers[0]
			if c.StartupProbe == nil || c.ReadinessProbe == nil || !reflect.DeepEqual(c.LivenessProbe, &corev1.Probe{}) {
				t.Errorf("applied: %+v", c)
			}
			var typed corev1.Pod
			if err := json.Unmarshal([]byte(object), &typed); err != nil {
				t.Fatal(err)
			}
			applied := patch.ApplyToPod(&typed, &d).Spec.Containers[0]
			if applied.StartupProbe == nil || applied.ReadinessProbe == nil || !reflect.DeepEqual(applied.LivenessProbe, &corev1.Probe{}) {
				t.Errorf("applied to the type: %+v", applied)
			}
		})
	}
}

// engine answers the same for all Pods.
type engine policy.Decision

func (e engine) Decide(policy.Subject) policy.Decision { return policy.Decision(e) }

func TestTheStatusIsOmittedWhenAnnotationsWouldExceedTheirLimit(t *testing.T) {
	const status, limit = "status", 256 << 10
	room := limit - len(statusKey) - len(status)
	for name, row := range map[string]struct {
		others      int
		old         string
		wantOmitted bool
	}{
		"just below the limit":                    {others: room - 1},
		"at the limit":                            {others: room},
		"above the limit":                         {others: room + 1, wantOmitted: true},
		"at the limit by the place of an old one": {others: room, old: strings.Repeat("x", 100)},
		"above it, but already there":             {others: room + 1, old: status},
	} {
		t.Run(name, func(t *testing.T) {
			pod := view(t, `{"metadata":{"annotations":{}},"spec":{"containers":[{"name":"web"}]}}`)
			pod.Metadata.Annotations["a"] = strings.Repeat("x", row.others-1)
			if row.old != "" {
				pod.Metadata.Annotations[statusKey] = row.old
			}
			e := engine{Status: status, Injections: []policy.Injection{inject(probe.Readiness, policy.ContainerRef{Name: "web"})}}
			d, made, err := patch.Decide(e, policy.Subject{Pod: pod}, patch.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if d.StatusOmitted != row.wantOmitted || (d.Status == "") != row.wantOmitted || len(made.Injections) != 1 {
				t.Errorf("omitted %v, status %q, %d probes", d.StatusOmitted, d.Status, len(made.Injections))
			}
		})
	}
}

// etcd refuses what is larger than 1.5 MiB: a Pod that just fits must not be refused for the sake of its probes.
func TestAPodThatCouldNotBeStoredWithItsPatchIsLeftAsItIs(t *testing.T) {
	const object = `{"metadata":{},"spec":{"containers":[{"name":"web"}]}}`
	e := engine{Asked: true, Status: "s", Injections: []policy.Injection{inject(probe.Readiness, policy.ContainerRef{Name: "web"})}}
	_, made, err := patch.Decide(e, policy.Subject{Pod: view(t, object)}, patch.Options{Label: true})
	if err != nil || len(made.Operations) == 0 {
		t.Fatalf("%v, patch %s", err, made.Operations)
	}
	fits := patch.MaxObjectBytes - len(made.Operations)
	for size, want := range map[int]bool{0: true, 1: true, fits: true, fits + 1: false, patch.MaxObjectBytes: false, 8 << 20: false} {
		d, made, err := patch.Decide(e, policy.Subject{Pod: view(t, object)}, patch.Options{ObjectBytes: size, Label: true})
		if err != nil {
			t.Fatal(err)
		}
		tooLarge := slices.ContainsFunc(d.Skips, func(s policy.Skip) bool { return s.Reason == "pod_too_large" })
		if (made.Operations != nil) != want || tooLarge == want || (d.Status != "") != want || d.Label != want || (len(d.Warnings) > 0) == want {
			t.Errorf("%d bytes: patch %s, decision %+v", size, made.Operations, d)
		}
	}
}

func TestProbesAreEncodedAsTheirTypeSays(t *testing.T) {
	protocol, mode := corev1.HTTPProtocol("HTTP2"), corev1.GRPCProbeMode("TLS")
	service, none, grace := "a.b/\"c\"é<", "", int64(30)
	handlers := map[string]corev1.ProbeHandler{
		"http":             {HTTPGet: &corev1.HTTPGetAction{Path: "/healthz?a=b&c", Port: intstr.FromInt32(8080), Scheme: "HTTPS"}},
		"http with little": {HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromInt32(1)}},
		"http by name":     {HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromString("web"), Protocol: &protocol}},
		"http with all":    {HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(1), Host: "h", HTTPHeaders: []corev1.HTTPHeader{{Name: "Host", Value: "h"}}}},
		"tcp":              {TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(65535)}},
		"tcp by name":      {TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("db"), Host: "h"}},
		"grpc":             {GRPC: &corev1.GRPCAction{Port: 9000, Service: &service}},
		"grpc for all":     {GRPC: &corev1.GRPCAction{Port: 9000, Service: &none, Mode: &mode}},
		"grpc with little": {GRPC: &corev1.GRPCAction{Port: 9000}},
		"exec":             {Exec: &corev1.ExecAction{Command: []string{"true"}}},
		"none":             {},
	}
	for handlerName, handler := range handlers {
		for timesName, given := range map[string]corev1.Probe{
			"no times":  {},
			"all times": {InitialDelaySeconds: 1, TimeoutSeconds: 2, PeriodSeconds: 3, SuccessThreshold: 4, FailureThreshold: 5, TerminationGracePeriodSeconds: &grace},
		} {
			t.Run(handlerName+", "+timesName, func(t *testing.T) {
				given.ProbeHandler = handler
				d := policy.Decision{Injections: []policy.Injection{{Container: policy.ContainerRef{Name: "web"}, Kind: probe.Startup, Probe: &given}}}
				made, err := patch.New(view(t, `{"spec":{"containers":[{"name":"web"}]}}`), &d)
				if err != nil {
					t.Fatal(err)
				}
				var operations []struct{ Value any }
				if err := json.Unmarshal(made.Operations, &operations); err != nil {
					t.Fatal(err)
				}
				encoded, err := json.Marshal(given)
				if err != nil {
					t.Fatal(err)
				}
				var want any
				if err := json.Unmarshal(encoded, &want); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(operations[0].Value, want) {
					t.Errorf("%s, want %s", made.Operations, encoded)
				}
			})
		}
	}
}
