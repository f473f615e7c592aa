package webhook

import (
	"encoding/json"
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func TestProbesAreEncodedAsTheirTypeSays(t *testing.T) {
	protocol, mode := corev1.HTTPProtocol("HTTP2"), corev1.GRPCProbeMode("TLS")
	service, none, grace := "a.b/\"c\"é<", "", int64(30)
	handlers := map[string]corev1.ProbeHandler{
		"http":             {HTTPGet: &corev1.HTTPGetAction{Path: "/healthz?a=b&c", Port: intstr.FromInt32(8080), Scheme: "HTTPS"}},
		"http with little": {HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromInt32(1)}},
		"http by name":     {HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromString("web")}},
		"http with all":    {HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(1), Host: "h", HTTPHeaders: []corev1.HTTPHeader{{Name: "Host", Value: "h"}}}},
		"tcp":              {TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(65535)}},
		"tcp by name":      {TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("db"), Host: "h"}},
		"grpc":             {GRPC: &corev1.GRPCAction{Port: 9000, Service: &service}},
		"grpc for all":     {GRPC: &corev1.GRPCAction{Port: 9000, Service: &none}},
		"grpc with a mode": {GRPC: &corev1.GRPCAction{Port: 9000, Service: &none, Mode: &mode}},
		"http by protocol": {HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromInt32(1), Protocol: &protocol}},
		"grpc with little": {GRPC: &corev1.GRPCAction{Port: 9000}},
		"exec":             {Exec: &corev1.ExecAction{Command: []string{"true"}}},
		"two":              {HTTPGet: &corev1.HTTPGetAction{}, TCPSocket: &corev1.TCPSocketAction{}},
		"none":             {},
	}
	times := map[string]corev1.Probe{
		"no times":  {},
		"all times": {InitialDelaySeconds: 1, TimeoutSeconds: 2, PeriodSeconds: 3, SuccessThreshold: 4, FailureThreshold: 5},
		"a grace":   {PeriodSeconds: 10, TerminationGracePeriodSeconds: &grace},
	}
	for handlerName, handler := range handlers {
		for timesName, probe := range times {
			t.Run(handlerName+", "+timesName, func(t *testing.T) {
				probe.ProbeHandler = handler
				got, err := encodeProbe(&probe)
				if err != nil {
					t.Fatal(err)
				}
				if !json.Valid(got) {
					t.Fatalf("no JSON: %s", got)
				}
				var decoded corev1.Probe
				if err := json.Unmarshal(got, &decoded); err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(decoded, probe) {
					t.Errorf("%s", got)
				}
			})
		}
	}
	for value, fields := range map[any]int{
		corev1.Probe{}: 7, corev1.ProbeHandler{}: 4, corev1.TCPSocketAction{}: 2, corev1.GRPCAction{}: 3,
	} {
		if got := reflect.TypeOf(value).NumField(); got != fields {
			t.Errorf("%T has %d fields, encodeProbe knows %d", value, got, fields)
		}
	}
	if got := reflect.TypeFor[corev1.HTTPGetAction]().NumField(); got != 6 {
		t.Errorf("HTTPGetAction has %d fields, encodeProbe knows 6", got)
	}
}

func TestAnswersAreEncodedAsJSON(t *testing.T) {
	for name, a := range map[string]answer{
		"little":        {status: 200, uid: "1"},
		"strange words": {status: 200, uid: "\"\\\u2028<é\x00", injected: "a\"b", reasons: "\xff", warnings: []string{"\n", "…", ""}},
		"one audit":     {status: 200, uid: "1", reasons: "a:b"},
		"a patch":       {status: 200, uid: "1", patch: []byte(`[]`), warnings: []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got struct {
				Response struct {
					UID              string            `json:"uid"`
					Patch            []byte            `json:"patch"`
					AuditAnnotations map[string]string `json:"auditAnnotations"`
					Warnings         []string          `json:"warnings"`
				} `json:"response"`
			}
			body := a.encode()
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			if got.Response.UID != a.uid || string(got.Response.Patch) != string(a.patch) || len(got.Response.Warnings) != len(a.warnings) || got.Response.AuditAnnotations[auditInjected] != a.injected {
				t.Errorf("%s", body)
			}
		})
	}
}
