package software

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/annotation"
)

// What people write: an image that is recognised needs only inject; where a restart or the readiness of a sidecar could
// hurt, the key of the probe.
func ask(own ...annotation.Word) map[annotation.Word]string {
	annotations := map[annotation.Word]string{annotation.Inject: "true"}
	for _, word := range own {
		annotations[word] = "true"
	}
	return annotations
}

func port(name string, number int32) corev1.ContainerPort {
	return corev1.ContainerPort{Name: name, ContainerPort: number}
}

func ports(all ...corev1.ContainerPort) []corev1.ContainerPort { return all }

// All is all software, whose programs are made in this order.
func All() []Software {
	return slices.Concat(fromDebian(), fromModules(), jaeger())
}

// The modules of programs that come in several profiles.
func coreDNS() Module {
	return Module{"github.com/coredns/coredns", "v1.11.4", ".", "coredns"}
}

func jaegerProgram(folder string) Module {
	return Module{"github.com/jaegertracing/jaeger", "v1.62.0", "./cmd/" + folder, "jaeger-" + folder}
}

func kubeStateMetrics() Module {
	return Module{"k8s.io/kube-state-metrics/v2", "v2.18.0", ".", "kube-state-metrics"}
}

func fromDebian() []Software {
	return []Software{
		{
			Profile: "registry", Image: "docker.io/library/registry:2.8", Source: Debian{Path: "/usr/bin/docker-registry"},
			Args: []string{"serve", "/tmp/config.yml"}, Ports: ports(port("", 5000)), Annotations: ask(),
			Files: map[string]string{
				"config.yml": "version: 0.1\nstorage: {filesystem: {rootdirectory: /tmp/registry}}\nhttp: {addr: ':5000'}\n",
			},
		},
		{
			Profile: "openldap", Image: "docker.io/osixia/openldap:1.5.0", Source: Debian{Path: "/usr/sbin/slapd"},
			Args: []string{"-d", "0", "-h", "ldap:///", "-f", "/tmp/slapd.conf"}, Ports: ports(port("ldap-port", 389)), Annotations: ask(),
			Files: map[string]string{
				"slapd.conf": "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n" +
					"database mdb\nsuffix \"dc=example,dc=com\"\ndirectory /tmp/data\n",
			},
			Before: "mkdir -p /tmp/data",
		},
		{
			Profile: "postgres-tcp", Image: "registry.example.com/shop/postgresql:15",
			Source: Debian{Path: "/usr/lib/postgresql/15/bin/postgres", User: "nobody:nogroup"},
			Args:   []string{"-D", "/tmp/data", "-c", "listen_addresses=*", "-k", "/tmp"}, Ports: ports(port("", 5432)),
			Annotations: ask(annotation.Liveness),
			Before:      "/usr/lib/postgresql/15/bin/initdb --no-sync --locale=C -D /tmp/data",
		},
		{
			Profile: "data-port", Image: "registry.example.com/shop/sessions:3", Source: Debian{Path: "/usr/bin/redis-server"},
			Args: []string{"--protected-mode", "no", "--dir", "/tmp"}, Ports: ports(port("", 6379)), Annotations: ask(annotation.Liveness),
		},
		{
			Profile: "php-apache", Image: "docker.io/library/php:8.2-apache", Source: Debian{Path: "/usr/sbin/apache2"},
			Args: []string{"-D", "FOREGROUND", "-f", "/tmp/apache2.conf"}, Ports: ports(port("", 80)), Annotations: ask(),
			Files: map[string]string{
				"apache2.conf": "ServerName localhost\nListen 80\nPidFile /tmp/pid\nErrorLog /tmp/error.log\nUser nobody\nGroup nogroup\n" +
					"LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so\n" +
					"LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n" +
					"LoadModule php_module /usr/lib/apache2/modules/libphp8.2.so\n" +
					"DocumentRoot /tmp/html\n<FilesMatch \\.php$>\n  SetHandler application/x-httpd-php\n</FilesMatch>\n",
			},
			Before: "mkdir -p /tmp/html && echo '<?php phpinfo();' > /tmp/html/index.php",
		},
		{
			Profile: "other-exporters", Image: "docker.io/ncabatoff/process-exporter:0.7.10",
			Source: Debian{Path: "/usr/bin/prometheus-process-exporter"},
			Args:   []string{"--procfs", "/proc", "--procnames", "sh"}, Ports: ports(port("metrics", 9256)), Annotations: ask(),
		},
		{
			Profile: "clamav", Image: "docker.io/clamav/clamav:1.4", Source: Debian{Path: "/usr/sbin/clamd"},
			Args: []string{"--foreground", "--config-file=/tmp/clamd.conf"}, Ports: ports(port("", 3310)), Annotations: ask(),
			// A data base of one signature: those that are published are not needed to know where it listens.
			Files: map[string]string{
				"clamd.conf": "TCPSocket 3310\nDatabaseDirectory /tmp/signatures\nForeground yes\nUser root\n",
			},
			Before: "mkdir -p /tmp/signatures && echo 44d88612fea8a8f36de82e1278abb02f:68:Eicar > /tmp/signatures/test.hdb",
		},
	}
}

func fromModules() []Software {
	return []Software{
		{
			Profile: "kubebuilder", Image: "registry.example.com/shop/controller:v1", Source: Own{"manager"},
			Args: []string{"--leader-elect", "--health-probe-bind-address=:8081"}, Annotations: ask(),
		},
		{
			Profile: "oauth2-proxy", Image: "quay.io/oauth2-proxy/oauth2-proxy:v7.15.6",
			Source: Module{"github.com/oauth2-proxy/oauth2-proxy/v7", "v7.15.6", ".", "oauth2-proxy"},
			Args: []string{
				"--http-address=0.0.0.0:4180", "--provider=github", "--client-id=shop", "--client-secret=secret", "--email-domain=*",
				"--cookie-secret=0123456789abcdef", "--upstream=http://127.0.0.1:8080",
			},
			Ports: ports(port("http", 4180)), Annotations: ask(),
		},
		{
			Profile: "coredns", Image: "registry.k8s.io/coredns/coredns:v1.11.4", Source: coreDNS(),
			Args: []string{"-conf", "/tmp/Corefile"}, Annotations: ask(),
			Ports: ports(corev1.ContainerPort{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}, port("dns-tcp", 53), port("", 8181)),
			Files: map[string]string{"Corefile": ".:53 {\n  errors\n  health\n  ready\n  hosts {\n    192.0.2.1 shop.example.com\n  }\n}\n"},
		},
		{
			Profile: "coredns-tcp", Image: "registry.k8s.io/coredns/coredns:v1.11.4", Source: coreDNS(),
			Args: []string{"-conf", "/tmp/Corefile"}, Annotations: ask(),
			Ports: ports(corev1.ContainerPort{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}, port("dns-tcp", 53)),
			Files: map[string]string{"Corefile": ".:53 {\n  errors\n  hosts {\n    192.0.2.1 shop.example.com\n  }\n}\n"},
		},
		{
			Profile: "kube-state-metrics", Image: "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.18.0", Source: kubeStateMetrics(),
			Ports: ports(port("http-metrics", 8080), port("telemetry", 8081)), Annotations: ask(),
		},
		{
			Profile: "kube-state-metrics-alone", Image: "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.18.0", Source: kubeStateMetrics(),
			Args: []string{"--port=8080"}, Ports: ports(port("http", 8080)), Annotations: ask(),
		},
		{
			Profile: "sealed-secrets", Image: "docker.io/bitnami/sealed-secrets-controller:0.27.3",
			Source: Module{"github.com/bitnami-labs/sealed-secrets", "v0.27.3", "./cmd/controller", "controller"},
			Args:   []string{"--key-prefix", "sealed-secrets-key"}, Ports: ports(port("http", 8080)), Annotations: ask(),
		},
	}
}

func jaeger() []Software {
	return []Software{
		{
			Profile: "jaeger", Image: "docker.io/jaegertracing/jaeger-collector:1.62.0", Source: jaegerProgram("collector"),
			Env:   []corev1.EnvVar{{Name: "SPAN_STORAGE_TYPE", Value: "memory"}},
			Ports: ports(port("grpc", 14250), port("admin", 14269)), Annotations: ask(),
		},
		{
			Profile: "jaeger-all-in-one", Image: "docker.io/jaegertracing/all-in-one:1.62.0", Source: jaegerProgram("all-in-one"),
			Ports: ports(port("http", 16686)), Annotations: ask(),
		},
		{
			Profile: "jaeger-agent", Image: "docker.io/jaegertracing/jaeger-agent:1.62.0", Source: jaegerProgram("agent"),
			Args: []string{"--reporter.grpc.host-port=127.0.0.1:14250"}, Ports: ports(port("admin", 14271)), Annotations: ask(),
		},
	}
}
