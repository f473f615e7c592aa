package policy_test

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// container draws one that somebody runs: a row of images.yaml, one that a detection asks for, or something of their own.
func (d *drawing) container(name string) corev1.Container {
	var c corev1.Container
	switch n := d.IntN(100); {
	case n < 45:
		c = d.fromRow()
	case n < 70:
		c = d.fromDetection()
	default:
		c = d.fromNothing()
	}
	c.Name = name
	if d.in100(12) {
		c.Image = d.moved(c.Image)
	}
	if d.in100(12) {
		c.Ports = append(c.Ports, d.port())
	}
	if d.in100(4) && len(c.Ports) > 0 {
		c.Ports = c.Ports[1:]
	}
	if d.in100(8) {
		d.addArgument(&c)
	}
	if d.in100(12) {
		d.addVariables(&c)
	}
	d.setUp(&c)
	d.addProbes(&c)
	return c
}

func (d *drawing) fromRow() corev1.Container {
	row := &d.rows[d.IntN(len(d.rows))]
	c := corev1.Container{Image: row.Image, Command: slices.Clone(row.Command), Args: slices.Clone(row.Args)}
	for _, text := range row.Ports {
		text, protocol, _ := strings.Cut(text, "/")
		name, digits, named := strings.Cut(text, ":")
		if !named {
			name, digits = "", text
		}
		c.Ports = append(c.Ports, corev1.ContainerPort{Name: name, ContainerPort: intstr.Parse(digits).IntVal, Protocol: corev1.Protocol(protocol)})
	}
	for _, name := range slices.Sorted(maps.Keys(row.Env)) {
		c.Env = append(c.Env, corev1.EnvVar{Name: name, Value: row.Env[name]})
	}
	return c
}

// fromDetection makes the container that a detection of the catalogue asks for.
func (d *drawing) fromDetection() corev1.Container {
	profile := &d.profiles[d.IntN(len(d.profiles))]
	if len(profile.Detect) == 0 {
		return d.fromNothing()
	}
	found := &profile.Detect[d.IntN(len(profile.Detect))]
	c := corev1.Container{Image: "registry.example/unknown:1"}
	if len(found.Images) > 0 {
		image := strings.ReplaceAll(d.of(found.Images...), "*", "shop")
		if len(found.Publishers) > 0 && d.in100(90) {
			image = d.of(found.Publishers...) + "/" + lastOf(image)
		}
		c.Image = image + d.of("", ":latest", ":8.1", ":16-alpine", ":v2.3.4", ":3", ":24.8")
	}
	if len(found.Ports) > 0 {
		if port := oneOf(d.Rand, found.Ports...); port.StrVal != "" {
			c.Ports = append(c.Ports, corev1.ContainerPort{Name: port.StrVal, ContainerPort: oneOf[int32](d.Rand, 8080, 9000, 12345)})
		} else {
			c.Ports = append(c.Ports, corev1.ContainerPort{ContainerPort: port.IntVal})
		}
	}
	for _, name := range found.Args {
		c.Args = append(c.Args, d.argument(name)...)
	}
	for _, want := range found.Env {
		value := want.Value
		if value == "" {
			value = d.value()
		}
		c.Env = append(c.Env, corev1.EnvVar{Name: want.Name, Value: value})
	}
	for _, source := range profile.Ports {
		switch {
		case !d.in100(40):
		case source.Arg != "":
			c.Args = append(c.Args, d.argument(source.Arg)...)
		case source.Env != "" && source.Value != "":
			c.Env = append(c.Env, corev1.EnvVar{Name: source.Env, Value: source.Value})
		case source.Env != "":
			c.Env = append(c.Env, corev1.EnvVar{Name: source.Env, Value: d.value()})
		case source.Name != "":
			c.Ports = append(c.Ports, corev1.ContainerPort{Name: source.Name, ContainerPort: 9990})
		default:
			c.Ports = append(c.Ports, corev1.ContainerPort{ContainerPort: source.Number})
		}
	}
	return c
}

func lastOf(image string) string { return image[strings.LastIndexByte(image, '/')+1:] }

func (d *drawing) fromNothing() corev1.Container {
	c := corev1.Container{Image: d.of("registry.example/web:1", "registry.example/web:4", "registry.example/web", "ghcr.io/corp/shop:1.2", "web", "corp/shop-picky:2",
		"registry.example/my-picky:1", "busybox:1.36", "", "alpine@sha256:0a399eb16751829e1af26fea27b20c3ec28d7ab1fb72182879dcae1cca21206a")}
	if d.in100(15) {
		c.Image = d.of(d.hinted...) + d.of("", ":1", ":2-jdk17")
	}
	for range oneOf(d.Rand, 0, 1, 1, 1, 1, 2, 2, 3, 6) {
		c.Ports = append(c.Ports, d.port())
	}
	return c
}

// moved puts an image elsewhere, or gives it another tag.
func (d *drawing) moved(image string) string {
	name, _, _ := strings.Cut(image, "@")
	switch d.IntN(4) {
	case 0:
		return d.of("harbor.corp.example/dockerhub/", "registry.corp.example:5000/mirror/", "registry.example/", "bitnami/", "docker.io/", "localhost/",
			"index.docker.io/library/", "public.ecr.aws/docker/library/", "docker.io/bitnami/", "cgr.dev/chainguard/") + d.of(name, lastOf(name))
	case 1:
		return name + "@sha256:0a399eb16751829e1af26fea27b20c3ec28d7ab1fb72182879dcae1cca21206a"
	case 2:
		return strings.SplitN(name, ":", 2)[0] + d.of(":latest", ":5", ":v7", ":17-alpine", ":2", "")
	}
	return name + "-" + d.of("exporter", "operator", "x")
}

func (d *drawing) port() corev1.ContainerPort {
	return corev1.ContainerPort{
		Name: d.of("", "", "", "http", "http", "https", "grpc", "web", "api", "tcp", "http-web", "https-x", "grpc-x", "tcp-x", "metrics", "admin", "debug",
			"health", "management", "actuator", "mysql", "web-ui", "http2", "jmx-x", "dns"),
		ContainerPort: oneOf[int32](d.Rand, 80, 443, 8080, 8080, 8080, 8443, 9090, 3306, 5432, 6379, 15020, 15021, 15090, 4143, 4191, 50051, 3000, 5000, 8000, 9000, 8081),
		Protocol:      oneOf(d.Rand, "", "", corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP),
	}
}

// argument writes a flag in one of the ways that programs take.
func (d *drawing) argument(name string) []string {
	value := d.of(":8081", "0.0.0.0:9000", "8080", "localhost:8081", "127.0.0.1:80", "[::]:8080", "[::1]:80", ":8080/tcp", "0", "false", "true", "x", "", "99999", "/web")
	switch d.IntN(8) {
	case 0:
		return []string{name}
	case 1, 2:
		return []string{name, value}
	case 3:
		return []string{"-" + strings.TrimLeft(name, "-") + "=" + value}
	}
	return []string{name + "=" + value}
}

func (d *drawing) addArgument(c *corev1.Container) {
	arg := d.argument(d.of(append([]string{"--picky", "--picky-port", "--unknown"}, d.arguments...)...))
	if d.in100(30) {
		c.Command = append(append(c.Command, "/manager"), arg...)
		return
	}
	c.Args = append(c.Args, arg...)
}

// value is what a variable is set to.
func (d *drawing) value() string {
	return d.of("8080", "8080", "9090", "8080;8081", "9000", "x", "0", "70000", "true", "true", "false", "https", "", "-1")
}

func (d *drawing) addVariables(c *corev1.Container) {
	for range 1 + d.IntN(4) {
		v := corev1.EnvVar{Name: d.of("MANAGEMENT_SERVER_PORT", "SERVER_PORT", "SPRING_PROFILES_ACTIVE", "SPRING_", "JAVA_TOOL_OPTIONS", "QUARKUS_MANAGEMENT_ENABLED",
			"QUARKUS_MANAGEMENT_PORT", "QUARKUS_HTTP_PORT", "QUARKUS_X", "MICRONAUT_SERVER_PORT", "MICRONAUT_X", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_URLS",
			"KC_HEALTH_ENABLED", "KC_HTTP_MANAGEMENT_HEALTH_ENABLED", "KC_HTTP_MANAGEMENT_SCHEME", "KC_DB", "GF_SERVER_PROTOCOL", "JENKINS_OPTS", "NODE_ENV",
			"RAILS_ENV", "DJANGO_SETTINGS_MODULE", "PORT", "PORT", "PASSWORD", "node_env"), Value: d.value()}
		if d.in100(10) {
			v.Value, v.ValueFrom = "", &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}
		}
		c.Env = append(c.Env, v)
	}
}

// setUp draws how the container runs.
func (d *drawing) setUp(c *corev1.Container) {
	c.Stdin, c.TTY = d.IntN(60) == 0, d.IntN(60) == 0
	if d.in100(4) {
		c.Command = oneOf(d.Rand, []string{"sleep", "infinity"}, []string{"/bin/tail", "-f", "/dev/null"}, []string{"sh"}, []string{"/bin/bash", "-c", "sleep 1d"},
			[]string{"bash", "-c", "sleep 5; exec server"}, []string{"/server"}, []string{"sh", "-c", "exec java -jar /app.jar"}, []string{"zsh", "-l"})
	}
	if d.in100(25) {
		cpu := d.of("100m", "250m", "50m", "1", "2.5", "-1", "0", "10m")
		c.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}
	}
	if d.in100(3) {
		c.RestartPolicy = oneOf(d.Rand, new(corev1.ContainerRestartPolicyNever), new(corev1.ContainerRestartPolicyOnFailure), new(corev1.ContainerRestartPolicyAlways))
	}
}

// addProbes draws probes that are there already, some of them twins.
func (d *drawing) addProbes(c *corev1.Container) {
	if d.in100(70) {
		return
	}
	for _, place := range []**corev1.Probe{&c.StartupProbe, &c.LivenessProbe, &c.ReadinessProbe} {
		if d.in100(22) {
			*place = d.probe(c)
		}
	}
	if c.ReadinessProbe != nil && d.in100(25) {
		c.LivenessProbe = c.ReadinessProbe.DeepCopy()
	}
	if c.LivenessProbe != nil && d.in100(20) {
		c.StartupProbe = c.LivenessProbe.DeepCopy()
		c.StartupProbe.FailureThreshold = 30
	}
}

func (d *drawing) probe(c *corev1.Container) *corev1.Probe {
	p := &corev1.Probe{
		InitialDelaySeconds: oneOf[int32](d.Rand, 0, 0, 0, 5, 30, 120, 600, -1),
		PeriodSeconds:       oneOf[int32](d.Rand, 10, 10, 10, 5, 1, 30, 0, 300),
		TimeoutSeconds:      oneOf[int32](d.Rand, 1, 1, 1, 3, 5, 20, 0),
		SuccessThreshold:    oneOf[int32](d.Rand, 1, 1, 1, 1, 2, 0),
		FailureThreshold:    oneOf[int32](d.Rand, 3, 3, 3, 1, 6, 20, 60, 1_000_000, 0),
	}
	if d.in100(10) {
		p.TerminationGracePeriodSeconds = new(oneOf[int64](d.Rand, 1, 10, 60, 600))
	}
	port := intstr.FromInt32(oneOf[int32](d.Rand, 80, 8080, 9090, 0, 3306, 15021))
	if len(c.Ports) > 0 && d.in100(75) {
		chosen := oneOf(d.Rand, c.Ports...)
		port = intstr.FromInt32(chosen.ContainerPort)
		if chosen.Name != "" && d.in100(40) {
			port = intstr.FromString(chosen.Name)
		}
	} else if d.in100(10) {
		port = intstr.FromString("nosuch")
	}
	path := d.of("/", "/healthz", "/health", "/readyz", "healthz", "", "/metrics", "/actuator/health", "/actuator/health/liveness", "/login", "/a b")
	switch d.IntN(10) {
	case 0, 1:
		p.TCPSocket = &corev1.TCPSocketAction{Port: port}
	case 2:
		p.GRPC = &corev1.GRPCAction{Port: oneOf[int32](d.Rand, 9090, 50051, 8080)}
		if d.IntN(2) == 0 {
			p.GRPC.Service = new(d.of("", "my.Service", "liveness"))
		}
	case 3, 4:
		p.Exec = &corev1.ExecAction{Command: oneOf(d.Rand, []string{"cat", "/tmp/healthy"}, []string{"sh", "-c", "curl -f localhost:8080"}, []string{"true"}, []string{"pg_isready"},
			[]string{"redis-cli", "ping"}, []string{"grpc_health_probe", "-addr=:9090"}, nil, []string{"nodetool", "status"},
			[]string{"sh", "-c", "sleep 5 && python -c 'x'"}, []string{"timeout", "5", "mysqladmin", "ping"}, []string{"/bin/bash", "-ec", "env A=1 redis-cli ping | grep PONG"},
			[]string{"sh", "-c", "exit 0"}, []string{"curl", "-m", "3", "http://localhost/"}, []string{"cmd.exe", "/c", "dir"}, []string{"nc", "-z", "localhost", "80"})}
	case 5:
		p.HTTPGet = &corev1.HTTPGetAction{Path: path, Port: port, Scheme: corev1.URISchemeHTTPS, Host: d.of("", "127.0.0.1", "shop.example.com")}
	default:
		p.HTTPGet = &corev1.HTTPGetAction{Path: path, Port: port, Scheme: oneOf(d.Rand, corev1.URISchemeHTTP, corev1.URISchemeHTTP, "")}
		if d.in100(15) {
			p.HTTPGet.HTTPHeaders = []corev1.HTTPHeader{{Name: d.of("Host", "Authorization", "X-Probe"), Value: "shop.example.com"}}
		}
	}
	return p
}
