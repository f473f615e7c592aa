package e2e

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
	"github.com/probe-injector/probe-injector/test/images"
)

// preset is software that the catalogue knows, and how it is run and kept busy.
type preset struct {
	// profile is its name in the catalogue.
	profile string
	image   func(context.Context) (images.Image, error)
	// annotations are the annotations without their domain.
	annotations map[annotation.Word]string
	args        []string
	ports       []corev1.ContainerPort
	busy        busy
}

// busy is the load that healthy software must stand.
type busy struct {
	// port and path are asked by HTTP, or without a path connected to.
	port int
	path string
	// command is run in the container instead, by a shell.
	command string
}

// What people write: an image that is recognised needs only inject. Where a restart could hurt, liveness needs its own
// key; what has no image of its own needs its name.
func askAll() map[annotation.Word]string {
	return map[annotation.Word]string{annotation.Inject: "true"}
}

func askOwnKey() map[annotation.Word]string {
	return map[annotation.Word]string{annotation.Inject: "true", annotation.Liveness: "true"}
}

func askByName(profile string) map[annotation.Word]string {
	return map[annotation.Word]string{annotation.Profile: profile}
}

func byDebian(name string) func(context.Context) (images.Image, error) {
	return func(ctx context.Context) (images.Image, error) { return images.Software(ctx, name) }
}

func tcpPort(name string, number int32) corev1.ContainerPort {
	return corev1.ContainerPort{Name: name, ContainerPort: number}
}

func tcpPorts(all ...corev1.ContainerPort) []corev1.ContainerPort { return all }

// pgbench, mariadb-slap and redis-benchmark come with their servers. Each works for the time that $SECONDS_BUSY says.
const (
	busyPostgres = `pgbench -U postgres -i -q && pgbench -U postgres -c 4 -T "$SECONDS_BUSY"`
	busyMariaDB  = `end=$(($(date +%s) + SECONDS_BUSY)); while [ "$(date +%s)" -lt "$end" ]; do
		mariadb-slap -u root -h 127.0.0.1 --auto-generate-sql --concurrency=4 --number-of-queries=2000 || exit; done`
	busyRedis = `timeout "$SECONDS_BUSY" redis-benchmark -q -c 20 -n 100000000 > /dev/null; [ $? = 124 ]`
)

// presets are all that are run. A profile that is listed here is marked in docs/profiles.md, by the list "verified" in
// policy/catalogue/catalogue.yaml.
func presets() []preset {
	etcd := []string{
		"--data-dir=/tmp/data", "--listen-client-urls=http://0.0.0.0:2379", "--advertise-client-urls=http://127.0.0.1:2379",
		"--listen-metrics-urls=http://0.0.0.0:2381",
	}
	return []preset{
		{"tcp", images.Target, askByName("tcp"), nil, tcpPorts(tcpPort("", 7000)), busy{port: 7000}},
		{"grpc", images.Target, map[annotation.Word]string{annotation.Profile: "grpc", annotation.Liveness: "true"}, nil, tcpPorts(tcpPort("grpc", 9000)), busy{port: 9000}},
		{"django", byDebian("django"), askByName("django"), nil, tcpPorts(tcpPort("http", 8000)), busy{port: 8000, path: "/"}},
		{"flask", images.FlaskApp, askByName("flask"), nil, tcpPorts(tcpPort("http", 8080)), busy{port: 8080, path: "/"}},
		{"fastapi", byDebian("fastapi"), askByName("fastapi"), nil, tcpPorts(tcpPort("http", 8000)), busy{port: 8000, path: "/"}},
		{"node", byDebian("node"), askByName("node"), nil, tcpPorts(tcpPort("http", 3000)), busy{port: 3000, path: "/"}},
		{"blackbox-exporter", byDebian("blackbox-exporter"), askAll(), nil, tcpPorts(tcpPort("", 9115)), busy{port: 9115, path: "/metrics"}},
		{"exporters", byDebian("node-exporter"), askAll(), nil, tcpPorts(tcpPort("metrics", 9100)), busy{port: 9100, path: "/metrics"}},
		{"prometheus", byDebian("prometheus"), askAll(), nil, tcpPorts(tcpPort("", 9090)), busy{port: 9090, path: "/api/v1/query?query=up"}},
		{"alertmanager", byDebian("alertmanager"), askAll(), nil, tcpPorts(tcpPort("", 9093)), busy{port: 9093, path: "/api/v2/alerts"}},
		{"pushgateway", byDebian("pushgateway"), askAll(), nil, tcpPorts(tcpPort("", 9091)), busy{port: 9091, path: "/metrics"}},
		{"php-fpm", byDebian("php-fpm"), askAll(), nil, tcpPorts(tcpPort("", 9000)), busy{port: 9000}},
		{"nginx", byDebian("nginx"), askAll(), nil, tcpPorts(tcpPort("http", 8080)), busy{port: 8080, path: "/"}},
		{"httpd", byDebian("httpd"), askAll(), nil, tcpPorts(tcpPort("http", 8080)), busy{port: 8080, path: "/"}},
		{"haproxy", byDebian("haproxy"), askAll(), nil, tcpPorts(tcpPort("http", 8080)), busy{port: 8080, path: "/"}},
		{"nats", byDebian("nats"), askAll(), []string{"-m", "8222"}, tcpPorts(tcpPort("client", 4222), tcpPort("monitor", 8222)), busy{port: 8222, path: "/varz"}},
		{"nats-tcp", byDebian("nats"), askOwnKey(), nil, tcpPorts(tcpPort("client", 4222)), busy{port: 4222}},
		{"etcd", images.Etcd, askOwnKey(), etcd, tcpPorts(tcpPort("client", 2379), tcpPort("", 2381)), busy{port: 2379, path: "/version"}},
		{"data-store", images.Etcd, askOwnKey(), etcd[:3], tcpPorts(tcpPort("client", 2379)), busy{port: 2379, path: "/version"}},
		{"zookeeper", byDebian("zookeeper"), askAll(), nil, tcpPorts(tcpPort("client", 2181)), busy{port: 2181}},
		{"rabbitmq", byDebian("rabbitmq"), askAll(), nil, tcpPorts(tcpPort("amqp", 5672)), busy{port: 5672}},
		{"postgres", byDebian("postgres"), askOwnKey(), nil, tcpPorts(tcpPort("", 5432)), busy{command: busyPostgres}},
		{"mariadb", byDebian("mariadb"), askAll(), nil, tcpPorts(tcpPort("", 3306)), busy{command: busyMariaDB}},
		{"redis", byDebian("redis"), askOwnKey(), nil, tcpPorts(tcpPort("", 6379)), busy{command: busyRedis}},
		{"memcached", byDebian("memcached"), askAll(), nil, tcpPorts(tcpPort("", 11211)), busy{port: 11211}},
		{"clickhouse", byDebian("clickhouse"), askOwnKey(), nil, tcpPorts(tcpPort("http", 8123)), busy{port: 8123, path: "/?query=SELECT%201"}},
		{"influxdb-tcp", byDebian("influxdb"), askAll(), nil, tcpPorts(tcpPort("", 8086)), busy{port: 8086, path: "/ping"}},
		{"tomcat", byDebian("tomcat"), askAll(), nil, tcpPorts(tcpPort("http", 8080)), busy{port: 8080, path: "/"}},
		{"jetty", byDebian("jetty"), askAll(), nil, tcpPorts(tcpPort("http", 8080)), busy{port: 8080, path: "/"}},
	}
}
