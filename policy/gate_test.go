package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// gateRow is a Pod as people write it, and what becomes of it. The domain of the keys is left out.
type gateRow struct {
	annotations map[string]string
	spec        string
	// handlers are container/probe=handler; all of them, sorted by container and kind.
	handlers string
	// says is in the warnings.
	says string
}

func readPod(t *testing.T, annotations map[string]string, spec string) *workload.Pod {
	t.Helper()
	pod := &workload.Pod{Metadata: &workload.ObjectMeta{Annotations: map[string]string{}}}
	text, err := yaml.YAMLToJSON([]byte(spec))
	if err == nil {
		err = json.Unmarshal(text, &pod.Spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range annotations {
		container, word, own := strings.Cut(key, "/")
		if !own {
			container, word = "", key
		} else {
			container += "."
		}
		pod.Metadata.Annotations[container+"probe-injector.dev/"+word] = value
	}
	return pod
}

func handlersOf(d policy.Decision) string {
	var out []string
	for _, in := range d.Injections {
		out = append(out, in.Container.Name+"/"+string(in.Kind)+"="+in.Handler.String())
	}
	return strings.Join(out, " ")
}

func runGateRows(t *testing.T, rows map[string]gateRow) {
	t.Helper()
	engine := policy.Default("v0.0.0")
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			d := engine.Decide(policy.Subject{Pod: readPod(t, row.annotations, row.spec)})
			if got := handlersOf(d); got != row.handlers {
				t.Errorf("gets\n%s, want\n%s\nwarnings %q", got, row.handlers, d.Warnings)
			}
			if !strings.Contains(strings.Join(d.Warnings, "\n"), row.says) {
				t.Errorf("warnings %q do not say %q", d.Warnings, row.says)
			}
			if row.says == "" && len(d.Warnings) > 0 {
				t.Errorf("warns %q", d.Warnings)
			}
		})
	}
}

func TestAPortOfAnotherContainerIsNotChosen(t *testing.T) {
	runGateRows(t, map[string]gateRow{
		"a management port that a neighbour declares": {
			map[string]string{"a/profile": "quarkus"},
			`containers: [{name: a, image: x, ports: [{name: http, containerPort: 8080}], env: [{name: QUARKUS_MANAGEMENT_ENABLED, value: "true"}]},
			  {name: b, image: z, ports: [{containerPort: 9000}]}]`,
			"", "port 9000 belongs to another container",
		},
		"a port that a person writes on purpose": {
			map[string]string{"a/readiness": "http:80/x"},
			`containers: [{name: a, image: x}, {name: b, image: z, ports: [{containerPort: 80}]}]`,
			"a/readiness=http:80/x", "port 80 is that of b, which answers instead",
		},
		"liveness on a neighbour's port, the guard too": {
			map[string]string{"a/liveness": "http:80/x", "a/readiness": "http:80/y"},
			`containers: [{name: a, image: x}, {name: b, image: z, ports: [{containerPort: 80}]}]`,
			"a/startup=http:80/x a/liveness=http:80/x a/readiness=http:80/y", "port 80 is that of b: its failure restarts a",
		},
		"the owner keeps its own probes": {
			map[string]string{"a/readiness": "http:80/x", "b/inject": "true"},
			`containers: [{name: a, image: x}, {name: b, image: z, ports: [{containerPort: 80}]}]`,
			"a/readiness=http:80/x b/startup=tcp:80 b/liveness=tcp:80 b/readiness=tcp:80", "port 80 is that of b",
		},
		"a native sidecar's port": {
			map[string]string{"a/readiness": "http:80/x"},
			`{initContainers: [{name: b, image: z, restartPolicy: Always, ports: [{containerPort: 80}]}], containers: [{name: a, image: x}]}`,
			"a/readiness=http:80/x", "port 80 is that of b",
		},
		"an init container has ended": {
			map[string]string{"a/readiness": "http:80/x"},
			`{initContainers: [{name: b, image: z, ports: [{containerPort: 80}]}], containers: [{name: a, image: x, ports: [{containerPort: 80}]}]}`,
			"a/readiness=http:80/x", "",
		},
	})
}

func TestADeclaredPortThatALiteralContradictsIsNotChosen(t *testing.T) {
	runGateRows(t, map[string]gateRow{
		"an argument names another port": {
			map[string]string{"inject": "true"}, `containers: [{name: a, image: x, command: [uvicorn, "app:app", --port, "80"], ports: [{containerPort: 8000}]}]`,
			"", "--port 80 is not port 8000: no port is certain",
		},
		"a variable names another port, for a path": {
			map[string]string{"liveness": "/livez"}, `containers: [{name: a, image: x, env: [{name: PORT, value: "4000"}], ports: [{containerPort: 3000}]}]`,
			"", "PORT=4000 is not port 3000",
		},
		"a person wrote the port": {
			map[string]string{"readiness": "http:8000/x"}, `containers: [{name: a, image: x, args: [--port=80], ports: [{containerPort: 8000}]}]`,
			"a/readiness=http:8000/x", "",
		},
		"the literal is the declared port": {
			map[string]string{"readiness": "/x"}, `containers: [{name: a, image: x, args: [--port=8000], ports: [{containerPort: 8000}]}]`,
			"a/readiness=http:8000/x", "",
		},
	})
}

func TestTheSchemeFollowsThePort(t *testing.T) {
	runGateRows(t, map[string]gateRow{
		"nginx with nothing but https": {
			map[string]string{"readiness": "/healthz"}, `containers: [{name: a, image: nginx, ports: [{name: https, containerPort: 8443}]}]`,
			"a/readiness=https:8443/healthz", "",
		},
		"a port named websecure": {
			map[string]string{"readiness": "/healthz"}, `containers: [{name: a, image: x, ports: [{name: websecure, containerPort: 9000}]}]`,
			"a/readiness=https:9000/healthz", "",
		},
		"a port without a name where TLS is usual": {
			map[string]string{"readiness": "/healthz"}, `containers: [{name: a, image: x, ports: [{containerPort: 8443}]}]`,
			"a/readiness=https:8443/healthz", "",
		},
		"a port named http where TLS is usual": {
			map[string]string{"readiness": "/healthz"}, `containers: [{name: a, image: x, ports: [{name: http, containerPort: 8443}]}]`,
			"a/readiness=http:8443/healthz", "",
		},
		"a path on the only port, which speaks gRPC": {
			map[string]string{"readiness": "/healthz"}, `containers: [{name: a, image: x, ports: [{name: grpc, containerPort: 9000}]}]`,
			"", "port 9000 is named grpc, the kubelet speaks HTTP/1.1",
		},
		"a path on the only port, which is Redis'": {
			map[string]string{"readiness": "/healthz"}, `containers: [{name: a, image: x, ports: [{name: redis, containerPort: 9000}]}]`,
			"", "port 9000 is named redis, which is no HTTP",
		},
		"a written port that speaks HTTP/2": {
			map[string]string{"readiness": "http:9000/healthz"}, `containers: [{name: a, image: x, ports: [{name: h2c, containerPort: 9000}]}]`,
			"a/readiness=http:9000/healthz", "port 9000 is named h2c, the kubelet speaks HTTP/1.1",
		},
		"a written grpc probe on a port with TLS": {
			map[string]string{"readiness": "grpc:9000"}, `containers: [{name: a, image: x, ports: [{name: grpc-tls, containerPort: 9000}]}]`,
			"a/readiness=grpc:9000", "port 9000 speaks TLS, grpc probes do not",
		},
		"a written https probe on a port named http": {
			map[string]string{"readiness": "https:9000/healthz"}, `containers: [{name: a, image: x, ports: [{name: http, containerPort: 9000}]}]`,
			"a/readiness=https:9000/healthz", "port 9000 is named http, the probe speaks TLS",
		},
	})
}

func TestAPortThatIsDeclaredForSomethingElseThanTCPIsNotAsked(t *testing.T) {
	const keda = `containers: [{name: a, image: kedacore/keda:2.16.0, ports: [{containerPort: 80}, {containerPort: 8081, protocol: `
	runGateRows(t, map[string]gateRow{
		"a profile's own port":             {map[string]string{"inject": "true"}, keda + `SCTP}]}]`, "", "port 8081 is declared for SCTP"},
		"a path on a profile's own port":   {map[string]string{"liveness": "/healthz"}, keda + `UDP}]}]`, "", "port 8081 is declared for UDP"},
		"a port that is declared for both": {map[string]string{"readiness": "/readyz"}, keda + `UDP}, {containerPort: 8081}]}]`, "a/readiness=http:8081/readyz", ""},
	})
}

func TestWhatBindsToLoopbackIsNotAsked(t *testing.T) {
	const web = `containers: [{name: a, image: x, ports: [{name: http, containerPort: 8000}], args: `
	runGateRows(t, map[string]gateRow{
		"a host without a port": {
			map[string]string{"inject": "true"}, web + `[--host=127.0.0.1, --port=8000]}]`, "", "--host=127.0.0.1 binds to loopback",
		},
		"a path without a port": {
			map[string]string{"liveness": "/healthz"}, web + `[--host, "::1"]}]`, "", "--host ::1 binds to loopback",
		},
		"exactly this port, which a person writes": {
			map[string]string{"readiness": "http:8000/healthz"}, web + `["--bind=[::1]:8000"]}]`, "", "binds to loopback, which the kubelet cannot reach; bind 0.0.0.0",
		},
		"a host that may be somebody else's, beside a port that a person writes": {
			map[string]string{"readiness": "http:8000/healthz"}, web + `[--host=127.0.0.1]}]`,
			"a/readiness=http:8000/healthz", "--host=127.0.0.1 binds to loopback",
		},
		"another port": {
			map[string]string{"readiness": "/healthz"}, web + `["--metrics-bind-address=127.0.0.1:9090"]}]`, "a/readiness=http:8000/healthz", "",
		},
		"a variable": {
			map[string]string{"inject": "true"}, `containers: [{name: a, image: x, ports: [{containerPort: 8000}], env: [{name: HOST, value: localhost}]}]`,
			"", "HOST=localhost binds to loopback",
		},
	})
}

func TestAPortThatConnectionsHarmIsAskedOnlyWhereAPersonWritesIt(t *testing.T) {
	const mysql = `containers: [{name: a, image: x, ports: [{containerPort: 3306}]}]`
	runGateRows(t, map[string]gateRow{
		"by inject":      {map[string]string{"inject": "true"}, mysql, "", "port 3306 counts bare connections as attacks"},
		"by profile tcp": {map[string]string{"profile": "tcp"}, mysql, "", "port 3306 counts bare connections as attacks"},
		"by a path":      {map[string]string{"readiness": "/ready"}, mysql, "", "port 3306 counts bare connections as attacks"},
		"by a port that has its name": {
			map[string]string{"inject": "true"}, `containers: [{name: a, image: x, ports: [{name: mysql, containerPort: 3307}]}]`,
			"", "port 3307 counts bare connections as attacks",
		},
		"by a debugger's port": {
			map[string]string{"inject": "true"}, `containers: [{name: a, image: x, ports: [{name: jdwp, containerPort: 8000}]}]`,
			"", "port 8000 is a debugger's",
		},
		"by a person": {map[string]string{"readiness": "tcp:3306"}, mysql, "a/readiness=tcp:3306", "port 3306 counts bare connections as attacks"},
	})
}

func TestWhoeverWritesAProbeThatItsSoftwareMustNotHaveIsToldTheRisk(t *testing.T) {
	const vault = `containers: [{name: a, image: hashicorp/vault, ports: [{containerPort: 8200}]}]`
	engine := policy.Default("v0.0.0")
	d := engine.Decide(policy.Subject{Pod: readPod(t, map[string]string{"liveness": "true"}, vault)})
	said := strings.Join(d.Warnings, "\n")
	if len(d.Injections) > 0 || !strings.Contains(said, "does not offer it") || strings.Contains(said, "write the handler") {
		t.Errorf("%q and %v", said, handlersOf(d))
	}
	d = engine.Decide(policy.Subject{Pod: readPod(t, map[string]string{"liveness": "/v1/sys/health"}, vault)})
	told := false
	for _, f := range d.Findings {
		told = told || (f.Rule == "" && f.Severity == lint.Warning && f.Kind == "liveness" && len(f.Message) > 10)
	}
	if !told || len(d.Injections) == 0 {
		t.Errorf("no risk is told: %+v", d.Findings)
	}
}

func TestAMeshThatPassesEveryConnectionGuardsNoStart(t *testing.T) {
	const linkerd = `containers: [{name: linkerd-proxy, image: l}, {name: a, image: x, ports: [{containerPort: 8080}]}]`
	runGateRows(t, map[string]gateRow{
		"the startup probe that a person writes": {
			map[string]string{"a/liveness": "/healthz", "a/readiness": "/readyz", "a/startup": "tcp:8080"}, linkerd,
			"a/readiness=http:8080/readyz", "a: no startup+liveness: a mesh proxy that came first",
		},
		"http is passed through": {
			map[string]string{"a/liveness": "/healthz", "a/readiness": "/readyz"}, linkerd,
			"a/startup=http:8080/healthz a/liveness=http:8080/healthz a/readiness=http:8080/readyz", "",
		},
	})
}

func TestAProbeOfSomebodyElseProvesAPortOnlyWhereItIsSane(t *testing.T) {
	engine := mustParse(t, adminPolicy)
	for name, row := range map[string]struct{ probe, want string }{
		"a sane one":                  {`{tcpSocket: {port: 15021}}`, "a/startup=tcp:15021 a/liveness=tcp:15021"},
		"one with a host":             {`{tcpSocket: {host: 10.0.0.1, port: 15021}}`, ""},
		"an http one with a host":     {`{httpGet: {host: 10.0.0.1, port: 15021, path: /x}}`, ""},
		"one on a UDP port":           {`{tcpSocket: {port: 53}}`, ""},
		"one without a handler":       {`{}`, ""},
		"one with an impossible port": {`{tcpSocket: {port: 70000}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			pod := readPod(t, nil, `containers: [{name: a, image: x, ports: [{name: dns, containerPort: 53, protocol: UDP}], readinessProbe: `+row.probe+`}]`)
			if ready := pod.Spec.Containers[0].ReadinessProbe; ready != nil {
				ready.PeriodSeconds, ready.TimeoutSeconds, ready.SuccessThreshold, ready.FailureThreshold = 10, 1, 1, 3
			}
			pod.Metadata.OwnerReferences = owned("ReplicaSet", "apps/v1")
			d := engine.Decide(policy.Subject{Pod: pod, Route: policy.Route{Group: "everything"}})
			if got := handlersOf(d); got != row.want {
				t.Errorf("gets %q, want %q: %+v", got, row.want, d.Skips)
			}
		})
	}
}

func TestNothingIsAddedThatOurOwnLintWarnsOf(t *testing.T) {
	pod := readPod(t, map[string]string{"inject": "true"}, `containers: [{name: a, image: x, ports: [{containerPort: 8080}]}]`)
	pod.Spec.Containers[0].LivenessProbe = &corev1.Probe{
		ProbeHandler:        corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intPort(8080)}},
		InitialDelaySeconds: 5, PeriodSeconds: 5, TimeoutSeconds: 3, SuccessThreshold: 1, FailureThreshold: 3,
	}
	d := policy.Default("v0.0.0").Decide(policy.Subject{Pod: pod})
	if len(d.Injections) > 0 || reasonOf(d, "readiness") != reason.LintRule {
		t.Errorf("gets %s, %+v", handlersOf(d), d.Skips)
	}
}

func TestTheChecksOfTheGateAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range policy.Checks() {
		if c.Question == "" || c.Written == "" || seen[c.Question] {
			t.Errorf("%+v", c)
		}
		seen[c.Question] = true
		if _, ok := reason.Describe(c.Reason); !ok {
			t.Errorf("%q has the reason %q", c.Question, c.Reason)
		}
	}
}

func intPort(number int32) intstr.IntOrString { return intstr.FromInt32(number) }
