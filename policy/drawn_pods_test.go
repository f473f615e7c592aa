package policy_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/catalogue"
	"github.com/probe-injector/probe-injector/policy/v1alpha1"
)

// drawnCase is one question to the engine. Its Pod is a core/v1 Pod, so that nothing here depends on how the engine
// looks at it.
type drawnCase struct {
	// policy is the place of the policy file among drawnPolicies, and group the group of rules that the Pod comes
	// by, or empty where its annotations ask.
	policy int
	group  string
	notes  bool
	pod    *drawnPod
}

// drawnPod may be without metadata, which corev1.Pod cannot.
type drawnPod struct {
	Metadata *metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec     corev1.PodSpec     `json:"spec"`
}

// drawing draws cases from everything that decisions depend on, mistakes included. What it draws for a seed depends on
// the catalogue and on testdata/images.yaml too.
type drawing struct {
	*rand.Rand
	rows      []imageRow
	profiles  []v1alpha1.Profile
	profile   []string
	hinted    []string
	arguments []string
	policies  []drawnPolicy
}

func newDrawing(t *testing.T) *drawing {
	t.Helper()
	built, err := catalogue.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	d := &drawing{rows: imageRows(t), profiles: built.Profiles, policies: drawnPolicies()}
	for i := range built.Profiles {
		p := &built.Profiles[i]
		d.profile = append(d.profile, p.Name)
		for _, detection := range p.Detect {
			d.arguments = append(d.arguments, detection.Args...)
		}
		for _, source := range p.Ports {
			if source.Arg != "" {
				d.arguments = append(d.arguments, source.Arg)
			}
		}
	}
	for _, hint := range built.ClassHints {
		d.hinted = append(d.hinted, hint.Images...)
		d.arguments = append(d.arguments, hint.Args...)
	}
	return d
}

// with is the same drawing at the beginning of a seed.
func (d drawing) with(seed uint64) *drawing {
	d.Rand = rand.New(rand.NewPCG(seed, 2026))
	return &d
}

// in100 says yes n times out of a hundred.
func (d *drawing) in100(n int) bool { return d.IntN(100) < n }

func (d *drawing) of(values ...string) string { return oneOf(d.Rand, values...) }

func (d *drawing) draw() *drawnCase {
	c := &drawnCase{policy: d.IntN(len(d.policies)), notes: d.IntN(2) == 0, pod: d.drawPod()}
	groups := d.policies[c.policy].groups
	switch byRule := d.in100(40); {
	case byRule && len(groups) > 0:
		c.group = d.of(groups...)
	case d.in100(1):
		c.group = "nosuch"
	}
	if c.group == "" || d.in100(4) {
		d.annotate(c.pod)
	}
	d.annotateOthers(c.pod)
	if d.IntN(200) == 0 && len(c.pod.Metadata.Annotations) == 0 {
		c.pod.Metadata = nil
	}
	return c
}

func (d *drawing) drawPod() *drawnPod {
	pod := &drawnPod{Metadata: &metav1.ObjectMeta{GenerateName: "web-"}}
	names := []string{"web", "admin", "cache"}
	if d.in100(3) {
		names[0] = d.of("daprd", "queue-proxy", "proxy", "istio-proxy", "w")
	}
	if d.IntN(300) == 0 {
		names[0] = "w\u00e9b\n"
	}
	count := oneOf(d.Rand, 1, 1, 1, 1, 1, 2, 2, 2, 3)
	for i := range count {
		pod.Spec.Containers = append(pod.Spec.Containers, d.container(names[i]))
	}
	if count > 1 && d.in100(25) {
		pod.Spec.Containers[1].Ports = pod.Spec.Containers[0].Ports
	}
	if d.in100(8) {
		pod.Spec.Containers = append(pod.Spec.Containers, d.container(d.of(
			"vault-agent", "cloud-sql-proxy", "daprd", "envoy-sidecar", "queue-proxy", "consul-dataplane", "proxy", "kuma-sidecar")))
	}
	if d.IntN(600) == 0 {
		for i := range oneOf(d.Rand, 30, 30, 30, 30, 120) {
			pod.Spec.Containers = append(pod.Spec.Containers, d.container("c"+strings.Repeat("x", 40)+strconv.Itoa(i)))
		}
	}
	d.addInitContainers(pod)
	d.addMesh(pod)
	nameApart(pod)
	d.place(pod)
	d.own(pod)
	return pod
}

// nameApart gives containers of one name different ones, as the API server demands.
func nameApart(pod *drawnPod) {
	seen := map[string]bool{}
	for _, containers := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			for seen[containers[i].Name] {
				containers[i].Name += "x"
			}
			seen[containers[i].Name] = true
		}
	}
}

func (d *drawing) addInitContainers(pod *drawnPod) {
	if d.in100(12) {
		c := d.container("setup")
		if d.in100(60) {
			c.LivenessProbe, c.ReadinessProbe, c.StartupProbe = nil, nil, nil
		}
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, c)
	}
	if d.in100(12) {
		c := d.container(d.of("proxy", "proxy", "vault-agent", "logs"))
		c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, c)
	}
}

// addMesh puts a proxy into the Pod that was injected before the Pod came here.
func (d *drawing) addMesh(pod *drawnPod) {
	if !d.in100(9) {
		return
	}
	proxy := corev1.Container{Name: "istio-proxy", Image: "docker.io/istio/proxyv2:1.23.1"}
	proxy.Ports = []corev1.ContainerPort{{Name: "http-envoy-prom", ContainerPort: 15090, Protocol: corev1.ProtocolTCP}}
	proxy.ReadinessProbe = &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz/ready", Port: intstr.FromInt32(15021), Scheme: corev1.URISchemeHTTP}},
		PeriodSeconds: 15, FailureThreshold: 4, TimeoutSeconds: 3, SuccessThreshold: 1,
	}
	if d.IntN(2) == 0 {
		proxy = corev1.Container{Name: "linkerd-proxy", Image: "cr.l5d.io/linkerd/proxy:edge-24.8.3"}
		proxy.Ports = []corev1.ContainerPort{{Name: "linkerd-proxy", ContainerPort: 4143}, {Name: "linkerd-admin", ContainerPort: 4191}}
	}
	switch d.IntN(4) {
	case 0:
		proxy.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, proxy)
	case 1:
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, corev1.Container{Name: "istio-init", Image: proxy.Image})
		pod.Spec.Containers = append([]corev1.Container{proxy}, pod.Spec.Containers...)
	default:
		pod.Spec.Containers = append(pod.Spec.Containers, proxy)
	}
}

// place draws where the Pod runs and how it ends.
func (d *drawing) place(pod *drawnPod) {
	spec := &pod.Spec
	spec.HostNetwork = d.in100(4)
	spec.RestartPolicy = oneOf(d.Rand, corev1.RestartPolicyAlways, corev1.RestartPolicyAlways, "")
	if d.in100(4) {
		spec.RestartPolicy = oneOf(d.Rand, corev1.RestartPolicyNever, corev1.RestartPolicyOnFailure)
	}
	switch d.IntN(80) {
	case 0, 1:
		spec.OS = &corev1.PodOS{Name: corev1.Windows}
	case 2:
		spec.NodeSelector = map[string]string{"kubernetes.io/os": "windows"}
	case 3:
		spec.OS, spec.NodeSelector = &corev1.PodOS{Name: corev1.Linux}, map[string]string{"kubernetes.io/os": "linux"}
	case 4:
		spec.NodeSelector = map[string]string{"type": "virtual-kubelet"}
	case 5:
		spec.Tolerations = []corev1.Toleration{{Key: "node.kubernetes.io/not-ready"}, {Key: d.of("virtual-kubelet.io/provider", "Virtual-Kubelet.io/Provider")}}
	case 6:
		spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	}
	if d.in100(20) {
		spec.TerminationGracePeriodSeconds = new(oneOf[int64](d.Rand, 0, 1, 5, 30, 60, 300, 3600))
	}
}

// own draws the owner and the labels.
func (d *drawing) own(pod *drawnPod) {
	owners := []metav1.OwnerReference{
		{APIVersion: "apps/v1", Kind: "StatefulSet"}, {APIVersion: "apps/v1", Kind: "StatefulSet"}, {APIVersion: "apps/v1", Kind: "DaemonSet"},
		{APIVersion: "v1", Kind: "ReplicationController"}, {APIVersion: "batch/v1", Kind: "Job"}, {APIVersion: "example.com/v1", Kind: "Cluster"},
		{APIVersion: "apps.kruise.io/v1alpha1", Kind: "CloneSet"}, {APIVersion: "apps/v1beta1", Kind: "ReplicaSet"}, {APIVersion: "v1", Kind: "Node"},
	}
	owner := metav1.OwnerReference{APIVersion: "apps/v1", Kind: "ReplicaSet"}
	if d.in100(30) {
		owner = oneOf(d.Rand, owners...)
	}
	owner.Name, owner.Controller = "owner", new(true)
	switch d.IntN(25) {
	case 0, 1:
	case 2:
		owner.Controller = oneOf(d.Rand, nil, new(false))
		pod.Metadata.OwnerReferences = []metav1.OwnerReference{owner}
	case 3:
		other := metav1.OwnerReference{APIVersion: "example.com/v1", Kind: "Backup", Name: "other"}
		pod.Metadata.OwnerReferences = []metav1.OwnerReference{other, owner}
	default:
		pod.Metadata.OwnerReferences = []metav1.OwnerReference{owner}
	}
	if d.in100(70) {
		pod.Metadata.Labels = map[string]string{"app": "web", "tier": d.of("front", "front", "store", "cache", "back")}
	}
	if d.in100(1) {
		pod.Metadata.Labels = map[string]string{"serving.knative.dev/" + d.of("service", "revision"): "shop"}
	}
}

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
