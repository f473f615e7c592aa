package policy_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// trouble is one layout of which a public bug report, a public Pod template or an attack has shown that an engine can go
// wrong on it.
type trouble struct {
	name  string
	apply func(d *drawing, pod *drawnPod)
}

func first(pod *drawnPod) *corev1.Container { return &pod.Spec.Containers[0] }

func setKey(pod *drawnPod, key, value string) {
	if pod.Metadata.Annotations == nil {
		pod.Metadata.Annotations = map[string]string{}
	}
	pod.Metadata.Annotations[key] = value
}

func ports(declared ...corev1.ContainerPort) []corev1.ContainerPort { return declared }

func port(name string, number int32) corev1.ContainerPort {
	return corev1.ContainerPort{Name: name, ContainerPort: number}
}

// withNeighbour puts a container beside the first.
func withNeighbour(pod *drawnPod, c corev1.Container) {
	pod.Spec.Containers = append(pod.Spec.Containers, c)
}

// troubles are all of them.
var troubles = []trouble{
	{"a management port that a neighbour declares", func(_ *drawing, pod *drawnPod) {
		first(pod).Image, first(pod).Ports = "quay.io/keycloak/keycloak:26.0", ports(port("http", 8080))
		first(pod).Env = []corev1.EnvVar{{Name: "KC_HEALTH_ENABLED", Value: "true"}}
		withNeighbour(pod, corev1.Container{Name: "neighbour", Image: "x", Ports: ports(port("", 9000))})
	}},
	{"a written port of a neighbour", func(_ *drawing, pod *drawnPod) {
		withNeighbour(pod, corev1.Container{Name: "neighbour", Image: "x", Ports: ports(port("", 81))})
		setKey(pod, first(pod).Name+".probe-injector.dev/liveness", "http:81/x")
	}},
	{"nothing but https", func(d *drawing, pod *drawnPod) {
		first(pod).Image, first(pod).Ports = d.of("nginx", "httpd", "registry.example/web"), ports(port(d.of("https", "tls", "websecure", ""), 8443))
		setKey(pod, "probe-injector.dev/liveness", "/healthz")
	}},
	{"bound to loopback", func(d *drawing, pod *drawnPod) {
		first(pod).Ports = ports(port("http", 8000))
		first(pod).Args = []string{d.of("--host=127.0.0.1", "--host=::1", "--bind=localhost:8000", "--listen-address=127.1:8000"), "--port=8000"}
	}},
	{"a literal that contradicts the declared port", func(d *drawing, pod *drawnPod) {
		first(pod).Image, first(pod).Ports = "registry.example/web", ports(port("http", 8000))
		if d.in100(50) {
			first(pod).Env = append(first(pod).Env, corev1.EnvVar{Name: d.of("PORT", "HTTP_PORT"), Value: d.of("80", "8000")})
		} else {
			first(pod).Args = []string{d.of("--port=80", "--bind=0.0.0.0:80", "--listen=:80", "--port=8000")}
		}
		setKey(pod, "probe-injector.dev/"+d.of("inject", "liveness"), "true")
	}},
	{"properties of Java in a variable", func(d *drawing, pod *drawnPod) {
		first(pod).Ports = ports(port("http", 8080))
		first(pod).Env = []corev1.EnvVar{{Name: d.of("JAVA_TOOL_OPTIONS", "JAVA_OPTS", "JDK_JAVA_OPTIONS"), Value: "-Xmx1g " + d.of("-Dmanagement.server.port=9001", "-Dserver.address=127.0.0.1")}}
		setKey(pod, "probe-injector.dev/profile", "spring-boot")
	}},
	{"a worker with the ports of its server", func(d *drawing, pod *drawnPod) {
		first(pod).Ports = ports(port("http", 8080))
		first(pod).Command = strings.Fields(d.of("celery -A shop worker", "bundle exec sidekiq", "php artisan queue:work"))
		setKey(pod, "probe-injector.dev/inject", "true")
	}},
	{"MySQL by a tcp profile or a path", func(d *drawing, pod *drawnPod) {
		first(pod).Image, first(pod).Ports = d.of("mysql:8", "registry.example/db"), ports(port("", 3306))
		setKey(pod, "probe-injector.dev/"+d.of("profile", "readiness"), d.of("tcp", "/ready"))
	}},
	{"software that must not have liveness", func(d *drawing, pod *drawnPod) {
		first(pod).Image, first(pod).Ports = "hashicorp/vault:1.17", ports(port("http", 8200))
		setKey(pod, "probe-injector.dev/liveness", d.of("true", "/v1/sys/health"))
	}},
	{"a mesh before us and a tcp startup probe", func(_ *drawing, pod *drawnPod) {
		pod.Spec.Containers = append([]corev1.Container{{Name: "linkerd-proxy", Image: "cr.l5d.io/linkerd/proxy"}}, pod.Spec.Containers...)
		name := pod.Spec.Containers[1].Name
		setKey(pod, name+".probe-injector.dev/liveness", "http:8080/x")
		setKey(pod, name+".probe-injector.dev/startup", "tcp:8080")
	}},
	{"a probe of somebody else that proves nothing", func(d *drawing, pod *drawnPod) {
		first(pod).ReadinessProbe = &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Host: d.of("10.0.0.1", ""), Port: intstr.FromInt32(oneOf[int32](d.Rand, 15021, 53))}},
			PeriodSeconds: 10, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3,
		}
		first(pod).Ports = append(first(pod).Ports, corev1.ContainerPort{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP})
	}},
	{"an aggressive liveness probe that exists", func(_ *drawing, pod *drawnPod) {
		first(pod).Ports = ports(port("http", 8080))
		first(pod).LivenessProbe = &corev1.Probe{
			ProbeHandler:        corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}},
			InitialDelaySeconds: 5, PeriodSeconds: 5, TimeoutSeconds: 3, SuccessThreshold: 1, FailureThreshold: 3,
		}
	}},
	{"slow answers", func(d *drawing, pod *drawnPod) {
		first(pod).Image, first(pod).Ports = d.of("grafana/grafana:11.0", "quay.io/coreos/etcd:v3.6.0", "registry.example/web"), ports(port("http", 8080))
		setKey(pod, "probe-injector.dev/liveness", "http:8080/healthz")
		setKey(pod, "probe-injector.dev/liveness.timeoutSeconds", d.of("5", "30", "60"))
	}},
	{"a startup probe of somebody else that always passes", func(_ *drawing, pod *drawnPod) {
		first(pod).Ports = ports(port("http", 8080))
		first(pod).StartupProbe = &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}},
			PeriodSeconds: 10, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3,
		}
		setKey(pod, "probe-injector.dev/liveness", "/healthz")
	}},
	{"a startup probe for a liveness probe that exists", func(d *drawing, pod *drawnPod) {
		first(pod).Ports = ports(port("http", 8080))
		first(pod).LivenessProbe = &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080), Scheme: corev1.URISchemeHTTP}},
			PeriodSeconds: 10, TimeoutSeconds: 5, SuccessThreshold: 1, FailureThreshold: 6,
		}
		setKey(pod, "probe-injector.dev/"+d.of("startup", "startup-budget"), d.of("true", "10m"))
	}},
	{"no guard and a profile's own delay", func(_ *drawing, pod *drawnPod) {
		setKey(pod, "probe-injector.dev/inject", "true")
		setKey(pod, "probe-injector.dev/startup", "false")
	}},
	{"numbers near the end of their type", func(_ *drawing, pod *drawnPod) {
		first(pod).StartupProbe = &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}},
			PeriodSeconds: 1 << 30, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 1 << 30, InitialDelaySeconds: 1<<31 - 1,
		}
		setKey(pod, "probe-injector.dev/liveness", "tcp:8080")
	}},
	{"a grace period of liveness", func(_ *drawing, pod *drawnPod) {
		pod.Spec.TerminationGracePeriodSeconds = new(int64(3600))
		setKey(pod, "probe-injector.dev/liveness", "http:8080/x")
		setKey(pod, "probe-injector.dev/liveness.terminationGracePeriodSeconds", "10")
	}},
	{"a health port beside a port of metrics", func(d *drawing, pod *drawnPod) {
		first(pod).Ports = ports(port(d.of("http-prom", "http-metrics", "http-admin", "http"), 8080), port(d.of("healthz", "health", "probe", "tcp-health-port"), 9440))
		setKey(pod, "probe-injector.dev/liveness", "/healthz")
	}},
	{"several containers of which one is a sidecar by its image", func(d *drawing, pod *drawnPod) {
		withNeighbour(pod, corev1.Container{
			Name: "side", Image: d.of("quay.io/brancz/kube-rbac-proxy:v0.18", "quay.io/prometheus-operator/prometheus-config-reloader:v0.80", "oliver006/redis_exporter:v1"),
			Ports: ports(port("https", 8444)),
		})
		setKey(pod, "probe-injector.dev/inject", "true")
	}},
	{"a main container without ports", func(_ *drawing, pod *drawnPod) {
		first(pod).Ports = nil
		withNeighbour(pod, corev1.Container{Name: "log-shipper", Image: "x", Ports: ports(port("", 5066))})
		setKey(pod, "probe-injector.dev/liveness", "/healthz")
	}},
	{"a default container that is none", func(d *drawing, pod *drawnPod) {
		always := corev1.ContainerRestartPolicyAlways
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: "setup2", Image: "x"}, corev1.Container{Name: "side2", Image: "x", RestartPolicy: &always})
		setKey(pod, "kubectl.kubernetes.io/default-container", d.of("setup2", "side2", "nobody"))
	}},
	{"two equal flags", func(_ *drawing, pod *drawnPod) {
		first(pod).Args = []string{"--health-probe-bind-address=:8081", "--health-probe-bind-address=:8082"}
	}},
	{"a command of its own", func(d *drawing, pod *drawnPod) {
		first(pod).Image, first(pod).Command = d.of("nginx", "hashicorp/vault", "redis:7"), []string{d.of("/app/server", "vault", "redis-server", "/bin/sh")}
	}},
	{"a moved endpoint", func(d *drawing, pod *drawnPod) {
		first(pod).Ports = ports(port("http", 8080))
		first(pod).Env = []corev1.EnvVar{{Name: "SERVER_SERVLET_CONTEXT_PATH", Value: "/shop"}}
		setKey(pod, "probe-injector.dev/profile", d.of("spring-boot", "quarkus"))
	}},
	{"a GPU", func(d *drawing, pod *drawnPod) {
		first(pod).Image = "registry.example/llm"
		first(pod).Resources.Limits = corev1.ResourceList{corev1.ResourceName(d.of("nvidia.com/gpu", "amd.com/gpu", "google.com/tpu")): resource.MustParse("1")}
		first(pod).Ports = ports(port("http", 8080))
		setKey(pod, "probe-injector.dev/inject", "true")
	}},
	{"a data store that nobody knows", func(d *drawing, pod *drawnPod) {
		first(pod).Image, first(pod).Ports = d.of("bitnami/postgresql-repmgr:16", "apachepulsar/pulsar:3", "registry.example/pgpool"), ports(port("", oneOf[int32](d.Rand, 5432, 2181, 3181)))
		setKey(pod, "probe-injector.dev/inject", "true")
	}},
	{"an exporter on any port", func(d *drawing, pod *drawnPod) {
		first(pod).Image, first(pod).Ports = d.of("prom/consul-exporter:v0.13", "kbudde/rabbitmq-exporter", "natsio/prometheus-nats-exporter"), ports(port("http", 9107))
		setKey(pod, "probe-injector.dev/inject", "true")
	}},
	{"a Job with a native sidecar", func(_ *drawing, pod *drawnPod) {
		always := corev1.ContainerRestartPolicyAlways
		pod.Spec.RestartPolicy = corev1.RestartPolicyNever
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: "side3", Image: "x", RestartPolicy: &always, Ports: ports(port("", 9999))})
		setKey(pod, "side3.probe-injector.dev/startup", "tcp:9999")
	}},
	{"a template that kept our status", func(_ *drawing, pod *drawnPod) {
		setKey(pod, "probe-injector.dev/inject", "true")
		setKey(pod, "probe-injector.dev/status", first(pod).Name+": readiness tcp:8080 (v0.0.0)")
	}},
	{"an empty value", func(d *drawing, pod *drawnPod) {
		setKey(pod, "probe-injector.dev/"+d.of("liveness", "inject", "profile"), "")
	}},
	{"keys beside an existing probe", func(d *drawing, pod *drawnPod) {
		first(pod).LivenessProbe = d.probe(first(pod))
		setKey(pod, first(pod).Name+".probe-injector.dev/"+d.of("liveness.periodSeconds", "restart-after"), "30")
	}},
	{"a status that is cut", func(_ *drawing, pod *drawnPod) {
		for i := range 14 {
			name := fmt.Sprintf("one-of-many-containers-%d", i)
			withNeighbour(pod, corev1.Container{Name: name, Image: "x", Ports: ports(port("", int32(7000+i)))})
			setKey(pod, name+".probe-injector.dev/inject", "true")
		}
	}},
	{"a figure beside a profile's", func(d *drawing, pod *drawnPod) {
		first(pod).Image, first(pod).Ports = "quay.io/coreos/etcd:v3.6.0", ports(port("client", 2379))
		setKey(pod, "probe-injector.dev/liveness", "true")
		setKey(pod, "probe-injector.dev/liveness.periodSeconds", d.of("5", "10"))
	}},
	{"a native sidecar whose startup probe nobody names", func(_ *drawing, pod *drawnPod) {
		always := corev1.ContainerRestartPolicyAlways
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: "side4", Image: "x", RestartPolicy: &always, Ports: ports(port("", 9998))})
		setKey(pod, "side4.probe-injector.dev/startup", "true")
	}},
	{"a value with blanks", func(d *drawing, pod *drawnPod) {
		setKey(pod, "probe-injector.dev/liveness", d.of(" /healthz", "/healthz\n", "/pr\u00fcfung", "please probe", "/a#b"))
	}},
}

// trouble draws a Pod with one of the layouts.
func (d *drawing) trouble() (*drawnCase, string) {
	c := &drawnCase{policy: d.IntN(len(d.policies)), pod: d.drawPod()}
	each := &troubles[d.IntN(len(troubles))]
	each.apply(d, c.pod)
	if groups := d.policies[c.policy].groups; len(c.pod.Metadata.Annotations) == 0 && len(groups) > 0 {
		c.group = d.of(groups...)
	}
	return c, each.name
}

func TestRandomPodsHaveEveryKnownTrouble(t *testing.T) {
	d := newDrawing(t)
	drawn := map[string]int{}
	for seed := range uint64(len(troubles) * 100) {
		_, name := d.with(seed).trouble()
		drawn[name]++
	}
	for i := range troubles {
		if drawn[troubles[i].name] < 20 {
			t.Errorf("%q was drawn %d times", troubles[i].name, drawn[troubles[i].name])
		}
	}
}
