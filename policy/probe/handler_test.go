package probe_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/probe"
)

func TestHandlerOf(t *testing.T) {
	service := "shop.Orders"
	rows := map[string]corev1.ProbeHandler{
		"http:8080/ready?x=1":  {HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromInt32(8080), Path: "/ready?x=1", Scheme: corev1.URISchemeHTTP}},
		"https:web/":           {HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromString("web"), Path: "/", Scheme: corev1.URISchemeHTTPS}},
		"tcp:5432":             {TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(5432)}},
		"tcp:db":               {TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("db")}},
		"grpc:9000":            {GRPC: &corev1.GRPCAction{Port: 9000}},
		"grpc:9000/" + service: {GRPC: &corev1.GRPCAction{Port: 9000, Service: &service}},
		"exec":                 {Exec: &corev1.ExecAction{Command: []string{"true"}}},
	}
	for want, handler := range rows {
		if got := probe.HandlerOf(&corev1.Probe{ProbeHandler: handler}).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := probe.HandlerOf(&corev1.Probe{}); got.Scheme != "" {
		t.Errorf("a probe without a handler: %+v", got)
	}
}
