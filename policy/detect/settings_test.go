package detect_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/detect"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// settingsOf are those of a built-in profile.
func settingsOf(t *testing.T, name string) []v1alpha1.Setting {
	t.Helper()
	known, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for i := range known.Profiles {
		if known.Profiles[i].Name == name {
			return known.Profiles[i].Settings
		}
	}
	t.Fatalf("no profile %s", name)
	return nil
}

func TestLiteralSettingsMoveWhatAProfileAsks(t *testing.T) {
	set := func(name, value string) []corev1.EnvVar { return []corev1.EnvVar{{Name: name, Value: value}} }
	for name, row := range map[string]struct {
		profile string
		env     []corev1.EnvVar
		args    []string
		asks    string
		want    string
	}{
		"nothing is set":                                          {"spring-boot", nil, nil, "/actuator/health/liveness", "http /actuator/health/liveness"},
		"a context path is put in front":                          {"spring-boot", set("SERVER_SERVLET_CONTEXT_PATH", "/shop"), nil, "/actuator/health", "http /shop/actuator/health"},
		"a context path as an argument":                           {"spring-boot", nil, []string{"--server.servlet.context-path=/shop/"}, "/actuator/health", "http /shop/actuator/health"},
		"a context path as a property in a variable":              {"spring-boot", set("JAVA_TOOL_OPTIONS", "-Xmx1g -Dserver.servlet.context-path=/shop"), nil, "/actuator/health", "http /shop/actuator/health"},
		"a certificate as a property in a variable":               {"spring-boot", set("JAVA_OPTS", "-Dserver.ssl.bundle=web"), nil, "/actuator/health", "https /actuator/health"},
		"loopback as a property in a variable":                    {"spring-boot", set("JDK_JAVA_OPTIONS", "-Dserver.address=127.0.0.1"), nil, "/actuator/health", "unreachable"},
		"a property of the command line beside one in a variable": {"spring-boot", set("JAVA_TOOL_OPTIONS", "-Dserver.address=127.0.0.1"), []string{"-Dserver.address=0.0.0.0", "-jar", "app.jar"}, "/actuator/health", "http /actuator/health"},
		"a context path of / moves nothing":                       {"spring-boot", set("SERVER_SERVLET_CONTEXT_PATH", "/"), nil, "/actuator/health", "http /actuator/health"},
		"an empty context path moves nothing":                     {"spring-boot", set("SERVER_SERVLET_CONTEXT_PATH", ""), nil, "/actuator/health", "http /actuator/health"},
		"a context path from a Secret":                            {"spring-boot", []corev1.EnvVar{secret("SERVER_SERVLET_CONTEXT_PATH")}, nil, "/actuator/health", "hidden"},
		"a context path from another variable":                    {"spring-boot", set("SERVER_SERVLET_CONTEXT_PATH", "/$(SHOP)"), nil, "/actuator/health", "hidden"},
		"a port of its own knows no context path":                 {"spring-boot", append(set("SERVER_SERVLET_CONTEXT_PATH", "/shop"), set("MANAGEMENT_SERVER_PORT", "9001")...), nil, "/actuator/health", "http /actuator/health"},
		"another base path takes the place of /actuator":          {"spring-boot", set("MANAGEMENT_ENDPOINTS_WEB_BASE_PATH", "/manage"), nil, "/actuator/health", "http /manage/health"},
		"no base path at all":                                     {"spring-boot", set("MANAGEMENT_ENDPOINTS_WEB_BASE_PATH", "/"), nil, "/actuator/health", "http /health"},
		"both":                                                    {"spring-boot", append(set("SERVER_SERVLET_CONTEXT_PATH", "/shop"), set("MANAGEMENT_ENDPOINTS_WEB_BASE_PATH", "/manage")...), nil, "/actuator/health", "http /shop/manage/health"},
		"a certificate":                                           {"spring-boot", set("SERVER_SSL_BUNDLE", "web"), nil, "/actuator/health", "https /actuator/health"},
		"a certificate from a Secret is one all the same":         {"spring-boot", []corev1.EnvVar{secret("SERVER_SSL_KEY_STORE")}, nil, "/actuator/health", "https /actuator/health"},
		"a certificate that is switched off":                      {"spring-boot", append(set("SERVER_SSL_BUNDLE", "web"), set("SERVER_SSL_ENABLED", "false")...), nil, "/actuator/health", "http /actuator/health"},
		"a server on loopback":                                    {"spring-boot", set("SERVER_ADDRESS", "127.0.0.1"), nil, "/actuator/health", "unreachable"},
		"a server on all addresses":                               {"spring-boot", set("SERVER_ADDRESS", "0.0.0.0"), nil, "/actuator/health", "http /actuator/health"},
		"a server on the Pod's own address":                       {"spring-boot", set("SERVER_ADDRESS", "$(POD_IP)"), nil, "/actuator/health", "http /actuator/health"},
		"endpoints that are off":                                  {"spring-boot", set("MANAGEMENT_ENDPOINT_HEALTH_ENABLED", "False"), nil, "/actuator/health", "off"},
		"a route prefix":                                          {"prometheus", nil, []string{"--web.route-prefix=/prometheus"}, "/-/ready", "http /prometheus/-/ready"},
		"a route prefix without a slash":                          {"prometheus", nil, []string{"--web.route-prefix", "prometheus/"}, "/-/ready", "http /prometheus/-/ready"},
		"a route prefix of / beside a URL with a path":            {"prometheus", nil, []string{"--web.external-url=https://a.example/prometheus", "--web.route-prefix=/"}, "/-/ready", "http /-/ready"},
		"a URL with a path":                                       {"prometheus", nil, []string{"--web.external-url=https://a.example/prometheus/"}, "/-/ready", "http /prometheus/-/ready"},
		"a URL without a path":                                    {"prometheus", nil, []string{"--web.external-url=http://localhost:9093"}, "/-/ready", "http /-/ready"},
		"a URL that nobody has filled in":                         {"prometheus", nil, []string{"--web.external-url=$(URL)"}, "/-/ready", "hidden"},
		"a file with a password or TLS":                           {"prometheus", nil, []string{"--web.config.file=/web.yml"}, "/-/ready", "hidden"},
		"another path":                                            {"ingress-nginx", nil, []string{"--health-check-path=/up"}, "/healthz", "http /up"},
		"options in a variable":                                   {"jenkins", set("JENKINS_OPTS", "--webroot=/var/jenkins_cache/war"), nil, "/login", "http /login"},
		"a prefix among options in a variable":                    {"jenkins", set("JENKINS_OPTS", "--webroot=/war --prefix /jenkins"), nil, "/login", "http /jenkins/login"},
		"options from a ConfigMap":                                {"jenkins", []corev1.EnvVar{secret("JENKINS_OPTS")}, nil, "/login", "off"},
		"arguments in the place of the image's":                   {"nats", nil, []string{"--auth", "x"}, "/healthz", "off"},
		"arguments that open the monitoring port":                 {"nats", nil, []string{"--auth", "x", "-m", "8222"}, "/healthz", "http /healthz"},
		"no arguments":                                            {"nats", nil, nil, "/healthz", "http /healthz"},
		"a protocol with TLS":                                     {"grafana", set("GF_SERVER_PROTOCOL", "https"), nil, "/api/health", "https /api/health"},
		"a protocol without":                                      {"grafana", set("GF_SERVER_PROTOCOL", "http"), nil, "/api/health", "http /api/health"},
		"a protocol that nobody knows":                            {"grafana", []corev1.EnvVar{secret("GF_SERVER_PROTOCOL")}, nil, "/api/health", "off"},
		"metrics on loopback":                                     {"etcd", nil, []string{"--listen-metrics-urls=http://127.0.0.1:2381"}, "/livez", "unreachable"},
		"metrics with TLS, whose clients may need a certificate":  {"etcd", nil, []string{"--listen-metrics-urls=https://0.0.0.0:2381"}, "/livez", "hidden"},
		"a listener of nginx with TLS":                            {"kong", set("KONG_STATUS_LISTEN", "0.0.0.0:8100 ssl, [::]:8100 ssl"), nil, "/status", "hidden"},
		"a listener of nginx that is off":                         {"kong", set("KONG_STATUS_LISTEN", "off"), nil, "/status", "off"},
		"metrics on all addresses":                                {"etcd", nil, []string{"--listen-metrics-urls=http://[::]:2381"}, "/livez", "http /livez"},
	} {
		t.Run(name, func(t *testing.T) {
			c := workload.Container{Env: variables(t, row.env...), Args: row.args}
			place := detect.PlaceOf(&c, settingsOf(t, row.profile))
			moved, ok := place.Move(probe.Handler{Scheme: probe.HTTP, Path: row.asks})
			got := string(moved.Scheme) + " " + moved.Path
			switch {
			case place.Off != "":
				got = "off"
			case place.Unreachable != "":
				got = "unreachable"
			case !ok:
				got = "hidden"
			}
			if got != row.want {
				t.Errorf("it asks %s, want %s", got, row.want)
			}
		})
	}
}

func TestACommandThatStartsTheSoftwareIsNoClient(t *testing.T) {
	known, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	detectors := detect.NewDetectors(known.PortNumbers, known.Clients)
	for i := range known.Profiles {
		detectors.Add(&known.Profiles[i])
	}
	for name, row := range map[string]struct {
		image      string
		port       int32
		command    []string
		args       []string
		profile    string
		overridden bool
	}{
		"a script that ends in the server":         {"redis:7", 0, []string{"sh", "-c", "cp /a /b && exec redis-server /b"}, nil, "redis", false},
		"a script in args":                         {"hashicorp/vault:1.17", 0, []string{"/bin/sh", "-ec"}, []string{"cp /a /b\n/usr/local/bin/docker-entrypoint.sh vault server -config=/b\n"}, "vault", false},
		"a script of the chart beside its port":    {"bitnami/redis:7", 6379, []string{"/bin/bash"}, []string{"-c", "/opt/bitnami/scripts/start-scripts/start-master.sh"}, "redis", false},
		"a mounted script beside its port":         {"bitnami/zookeeper:3", 2181, []string{"/scripts/setup.sh"}, nil, "zookeeper", false},
		"the image's own entry point":              {"bitnami/nats:2", 0, []string{"/opt/bitnami/scripts/nats/entrypoint.sh", "/opt/bitnami/scripts/nats/run.sh"}, nil, "nats-tcp", false},
		"an init and the program":                  {"nats:2", 0, []string{"tini", "--", "nats-server", "-c", "/f"}, nil, "nats-tcp", false},
		"another user":                             {"redis:7", 0, []string{"gosu", "redis", "redis-server"}, nil, "redis", false},
		"a module of Python":                       {"vllm/vllm-openai:v0.6", 8000, []string{"python3", "-m", "vllm.entrypoints.openai.api_server"}, nil, "vllm", false},
		"another program":                          {"nginx:1", 80, []string{"/app/server"}, nil, "nginx", true},
		"a client":                                 {"redis:7", 0, []string{"redis-cli", "-h", "redis-server"}, nil, "redis", true},
		"a client beside the port":                 {"postgres:16", 5432, []string{"pg_dump", "-h", "postgres"}, nil, "postgres", true},
		"a script of a client":                     {"redis:7", 6379, []string{"sh", "-c", "while true; do redis-cli -h redis-server ping; done"}, nil, "redis", true},
		"unknown software on the port of a broker": {"apachepulsar/pulsar-next:4", 6650, []string{"sh", "-c", "bin/apply.py && bin/pulsar broker"}, nil, "data-port", false},
	} {
		t.Run(name, func(t *testing.T) {
			c := workload.Container{Image: row.image, Command: row.command, Args: row.args}
			if row.port != 0 {
				c.Ports = []workload.ContainerPort{{ContainerPort: row.port}}
			}
			img := detect.ParseImage(c.Image, nil)
			if got := detectors.Detect(&c, &img); got.Profile != row.profile || got.CommandOverridden != row.overridden {
				t.Errorf("found %+v, want %s %v", got, row.profile, row.overridden)
			}
		})
	}
}
