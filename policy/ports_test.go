package policy_test

import (
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// withPorts declares ports that are written as name:number, :number or name:number/UDP.
func withPorts(list string) func(*workload.Container) {
	return func(c *workload.Container) {
		c.Ports = nil
		for text := range strings.FieldsSeq(list) {
			text, protocol, _ := strings.Cut(text, "/")
			name, digits, _ := strings.Cut(text, ":")
			number, _ := strconv.ParseInt(digits, 10, 32)
			c.Ports = append(c.Ports, workload.ContainerPort{Name: name, ContainerPort: int32(number), Protocol: corev1.Protocol(protocol)})
		}
	}
}

func TestAPathWithoutAPortGoesToThePortForIt(t *testing.T) {
	for name, row := range map[string]struct{ ports, path, want string }{
		"the only TCP port, whatever its name":              {"metrics:9090 dns:53/UDP", "/healthz", "http:9090/healthz"},
		"the port for health beside metrics, as of Flux":    {"http-prom:8080 healthz:9440", "/healthz", "http:9440/healthz"},
		"the port for health beside the one that serves":    {"http:8080 health:8081", "/healthz", "http:8081/healthz"},
		"a port for probes":                                 {"http-metrics:8080 http-probes:8081", "/healthz", "http:8081/healthz"},
		"a port for health that begins with tcp":            {"http:80 tcp-health-port:9000", "/x", "http:9000/x"},
		"a port of a framework's management":                {"http:8080 management:8081", "/actuator/health", "http:8081/actuator/health"},
		"a port for status":                                 {"proxy:8000 proxy-tls:8443 status:8100", "/status", "http:8100/status"},
		"of several for health the one named like the path": {"healthz:9808 readyz:8081 metrics:8080", "/readyz", "http:8081/readyz"},
		"of several for health none that is named so":       {"healthz:9808 readyz:8081", "/ping", ""},
		"http before http-metrics":                          {"http-metrics:9090 http:8080", "/x", "http:8080/x"},
		"http before https":                                 {"https:8443 http:8080", "/x", "http:8080/x"},
		"http before what no path can be asked":             {"grpc:9000 http:8080", "/x", "http:8080/x"},
		"what is named for a path before metrics":           {"http-web:8080 metrics:9090", "/x", "http:8080/x"},
		"what has no name before metrics":                   {":8080 app-metrics:9102", "/x", "http:8080/x"},
		"measurements where nothing else speaks http":       {"http-metrics:3200 grpc:9095", "/ready", "http:3200/ready"},
		"no guess between an admin port and the other":      {"http:8080 admin:9901", "/healthz", ""},
		"no guess between a monitor and the other":          {"http:8080 monitor:9901", "/healthz", ""},
		"no guess between two of one rank":                  {"http:8080 api:8081", "/x", ""},
		"no guess between two sources":                      {"http-source:2021 server:4900", "/x", ""},
		"no guess where only an unknown name is left":       {"repo-server:8081 metrics:8084", "/healthz", ""},
		"no guess without names":                            {":8080 :8081", "/x", ""},
		"a callback of the API server is no answer":         {"webhook:9443 metrics:8080", "/healthz", ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := policy.Default("v0.0.0").Decide(policy.Subject{Pod: podWith(map[string]string{"probe-injector.dev/liveness": row.path}, web(withPorts(row.ports)))})
			if got := handlerOf(d, probe.Liveness); got != row.want {
				t.Errorf("liveness %q, want %q (%v)", got, row.want, d.Skips)
			}
			if got := reasonOf(d, probe.Liveness); (got == reason.AmbiguousPorts) != (row.want == "") {
				t.Errorf("reason %q", got)
			}
		})
	}
}

func TestAConnectionGoesToThePortThatServes(t *testing.T) {
	for name, row := range map[string]struct{ ports, asked, ruled string }{
		"an only port of a telling name":                    {"http:1234", "tcp:1234", "tcp:1234"},
		"an only port that begins with http":                {"http-metrics:3101", "tcp:3101", "tcp:3101"},
		"an only port without a name":                       {":2737", "tcp:2737", "tcp:2737"},
		"an only port of an unknown name where some listen": {"shop:8080", "tcp:8080", "tcp:8080"},
		"an only port of an unknown name elsewhere":         {"shop:1234", "tcp:1234", ""},
		"an only port for metrics":                          {"metrics:8080", "tcp:8080", ""},
		"a rule does not choose by a name, however good":    {"http:8080 metrics:9090", "tcp:8080", ""},
		"nor by a port for health":                          {"http:8080 healthz:8081", "tcp:8081", ""},
		"an admin port answers about the rest":              {"http:8080 admin:9901", "tcp:9901", ""},
		"what is left without peers":                        {"client:2222 peer:2223", "tcp:2222", ""},
		"no guess without names, whatever the numbers":      {":8080 :9090", "", ""},
		"no guess among sources":                            {"http-source:2021 otel-traces:21890 server:4900", "", ""},
		"no guess among unknown names":                      {"manager:9500 recov-backend:9503", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked := policy.Default("v0.0.0").Decide(policy.Subject{Pod: podWith(map[string]string{"probe-injector.dev/inject": "true"}, web(withPorts(row.ports)))})
			if got := handlerOf(asked, probe.Readiness); got != row.asked {
				t.Errorf("inject gives %q, want %q", got, row.asked)
			}
			pod := podWith(nil, web(withPorts(row.ports)))
			pod.Metadata.OwnerReferences = owned("ReplicaSet", "apps/v1")
			ruled := mustParse(t, adminPolicy).Decide(policy.Subject{Pod: pod, Route: policy.Route{Group: "everything"}})
			if got := handlerOf(ruled, probe.Readiness); got != row.ruled {
				t.Errorf("a rule gives %q, want %q", got, row.ruled)
			}
		})
	}
}

func TestThePortIsThatOfTheRowThatMatched(t *testing.T) {
	const twoRows = `
apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  profiles:
  - name: shop
    detect: [{images: [old-shop], ports: [9000]}, {images: [shop], ports: [8000]}]
    readiness: {handler: /ready}
`
	c := web(withPorts("a:9000 b:8000"))
	c.Image = "registry.example/shop:1"
	d := mustParse(t, twoRows).Decide(policy.Subject{Pod: podWith(map[string]string{"probe-injector.dev/inject": "true"}, c)})
	if got := handlerOf(d, probe.Readiness); got != "http:8000/ready" {
		t.Errorf("readiness %q, want that of the second row", got)
	}
}
