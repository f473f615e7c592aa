package policy_test

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// annotate draws what somebody asks for, mostly without a mistake.
func (d *drawing) annotate(pod *drawnPod) {
	annotations := map[string]string{}
	pod.Metadata.Annotations = annotations
	wrong := 0
	if d.in100(20) {
		wrong = oneOf(d.Rand, 10, 25, 60)
	}
	prefix := ""
	if d.in100(25) || (len(pod.Spec.Containers) > 1 && d.in100(50)) {
		prefix = d.prefix(pod)
	}
	if d.in100(55) {
		annotations[prefix+"probe-injector.dev/"+d.of("inject", "inject", "inject", "profile")] = "true"
		if _, ok := annotations[prefix+"probe-injector.dev/profile"]; ok {
			annotations[prefix+"probe-injector.dev/profile"] = d.valueOf("profile", pod)
		}
	}
	if len(pod.Spec.Containers) > 1 && d.in100(20) {
		for i := range pod.Spec.Containers {
			key := d.of("inject", "profile", "liveness", "readiness")
			value := d.valueOf(key, pod)
			if key == "profile" && d.in100(40) {
				value = "split"
			}
			annotations[pod.Spec.Containers[i].Name+".probe-injector.dev/"+key] = value
		}
	}
	for range oneOf(d.Rand, 0, 1, 1, 2, 2, 3, 4, 7) {
		if d.in100(15) {
			prefix = d.prefix(pod)
		}
		key := d.key()
		value := d.valueOf(key, pod)
		if d.in100(wrong) {
			if d.in100(25) {
				key = d.wrongKey()
			} else {
				value = d.wrongValue()
			}
		}
		annotations[prefix+"probe-injector.dev/"+key] = value
	}
	if len(annotations) == 0 {
		annotations["probe-injector.dev/inject"] = "true"
	}
	switch d.IntN(1500) {
	case 0:
		for i := range 510 {
			annotations["c"+strconv.Itoa(i)+".probe-injector.dev/inject"] = "true"
		}
	case 1:
		annotations["probe-injector.dev/liveness"] = "/" + strings.Repeat("x", 5000)
	}
}

// prefix is the name of a container in front of a key.
func (d *drawing) prefix(pod *drawnPod) string {
	names := []string{""}
	for _, containers := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.Containers, pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range containers {
			names = append(names, containers[i].Name+".")
		}
	}
	if d.in100(4) {
		return d.of("nosuch.", "wbe.", ".")
	}
	return d.of(names...)
}

func (d *drawing) key() string {
	switch d.IntN(10) {
	case 0, 1:
		return d.of("startup-budget", "restart-after", "unready-after")
	case 2:
		return d.of("startup", "liveness", "readiness") + "." + d.of("initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold",
			"terminationGracePeriodSeconds")
	case 3:
		return d.of("inject", "host-header")
	case 4:
		return "profile"
	}
	return d.of("startup", "liveness", "liveness", "readiness", "readiness")
}

func (d *drawing) wrongKey() string {
	return d.of("livenes", "readyness", "injected", "liveness-path", "liveness.period", "startup.failureThresholds", "Inject", "port", "liveness.", "restartAfter",
		"timeoutSeconds", "frobnicate", "shutdown", "start-up", "", "profiles", "readiness.host")
}

// valueOf is a value that a key takes, which need not be right in this Pod.
func (d *drawing) valueOf(key string, pod *drawnPod) string {
	switch key {
	case "inject":
		return d.of("true", "true", "true", "true", "true", "true", "false")
	case "startup", "liveness", "readiness":
		return d.handler(pod)
	case "profile":
		if d.in100(30) {
			return d.of("shop", "store", "picky", "asked", "split", "split", "named", "nginx", "tcp", "spring-boot", "postgres")
		}
		return d.of(d.profile...)
	case "startup-budget":
		return d.of("5m", "60s", "90", "30s", "20m", "1h", "10s")
	case "restart-after":
		return d.of("20s", "50s", "2m", "13", "10m", "90s")
	case "unready-after":
		return d.of("20", "25s", "1m", "13s", "45s")
	case "host-header":
		return d.of("shop.example.com", "shop.example.com:8080", "localhost")
	}
	switch {
	case strings.HasSuffix(key, "successThreshold"):
		return d.of("1", "1", "2", "3")
	case strings.HasSuffix(key, "failureThreshold"):
		return d.of("3", "4", "6", "10", "30")
	case strings.HasSuffix(key, "terminationGracePeriodSeconds"):
		return d.of("10", "30", "60s", "5m")
	}
	return d.of("1", "2", "3", "5", "10", "15s", "30")
}

// handler writes a handler, mostly for a port of the Pod.
func (d *drawing) handler(pod *drawnPod) string {
	if d.in100(35) {
		return d.of("true", "true", "true", "false")
	}
	path := d.of("/healthz", "/readyz", "/", "/r,x;y?a=|b", "/a%20b")
	if d.in100(35) {
		return path
	}
	port := d.of("80", "8080", "9090", "3306", "http", "grpc", "65535")
	if c := oneOf(d.Rand, pod.Spec.Containers...); len(c.Ports) > 0 && d.in100(80) {
		chosen := oneOf(d.Rand, c.Ports...)
		port = strconv.Itoa(int(chosen.ContainerPort))
		if chosen.Name != "" && d.in100(30) {
			port = chosen.Name
		}
	}
	return d.of("http:"+port+path, "http:"+port+path, "https:"+port+path, "tcp:"+port, "tcp:"+port, "grpc:"+port, "grpc:"+port+"/my.Service", "http://:"+port+path)
}

func (d *drawing) wrongValue() string {
	return d.of("", "", "True", "off", "no", "yes", "on", "8080", "8080/healthz", ":8080/healthz", "healthz", "http://localhost:8080/healthz", "localhost:8080",
		"HTTP:8080/healthz", "udp:53", "exec: cat /tmp/x", "curl -f x", "http:8080", "http:/healthz", "https:", "tcp", "grpc", "//x", "/a b", "/%zz", "/a#b", "tcp:0",
		"tcp:70000", "tcp:08", "http:9999999999/x", "tcp:nosuchport", "tcp:UPPER", "/\u00e4\n", "/"+strings.Repeat("p", 300), "1", "0", "-5s", "soon", "1.5s", "500ms",
		"90000s", "25h", "10 s", "1000000000000", "spring-bot", "postgers", "No Such", "http://x", "a b", "redis-cli ping", "grpc:9090/"+strings.Repeat("s", 260))
}

// annotateOthers adds annotations that ask for nothing and matter all the same.
func (d *drawing) annotateOthers(pod *drawnPod) {
	if pod.Metadata.Annotations == nil && d.IntN(2) == 0 {
		pod.Metadata.Annotations = map[string]string{}
	}
	add := func(key, value string) {
		if pod.Metadata.Annotations == nil {
			pod.Metadata.Annotations = map[string]string{}
		}
		pod.Metadata.Annotations[key] = value
	}
	first := pod.Spec.Containers[0].Name
	if d.in100(12) {
		add("kubectl.kubernetes.io/default-container", d.of(first, first, first, "web", "admin", "wbe", "", "proxy", "setup", "istio-proxy"))
	}
	if d.IntN(150) == 0 {
		add("kubernetes.io/config.mirror", d.of("x", ""))
	}
	if d.in100(6) {
		add("probe-injector.dev/status", d.of("hello", "", "x (y)", first+": readiness tcp:8080 (v0.0.0)", first+": nothing: no_port (v0.0.0)", "nothing: restart_policy (v0.0.0)",
			first+": startup+liveness tcp:8080, readiness http:8080/readyz; up to 122s to start (v0.0.0)", "other: readiness tcp:1 (v0.0.0)",
			first+": nothing: not_asked (v0.0.0)", first+": bogus tcp:80 (v1)", strings.Repeat("x", 2000)+" (v0.0.0)", " (v0.0.0)",
			first+": readiness tcp:8080 | "+strings.Repeat("x", 1100)+" (v0.0.0)", "setup: readiness tcp:8080 | other: x (v1)"))
	}
	if d.in100(6) {
		add("probe-injector.dev/status", d.listing(&pod.Spec.Containers[0]))
	}
	if d.in100(20) {
		add(d.of("example.com/a", "probe-injector.dev.example/inject", "web.probe-injectors.dev/inject", "probe-injector.dev", "sidecar.istio.io/inject"), "true")
	}
}

// listing is a status that lists the probes of a container, as if they had been injected, or nearly so.
func (d *drawing) listing(c *corev1.Container) string {
	var parts []string
	for _, each := range []struct {
		kind  string
		probe *corev1.Probe
	}{{"startup", c.StartupProbe}, {"liveness", c.LivenessProbe}, {"readiness", c.ReadinessProbe}} {
		p := each.probe
		switch {
		case p == nil:
		case p.HTTPGet != nil:
			parts = append(parts, each.kind+" "+strings.ToLower(string(p.HTTPGet.Scheme))+":"+p.HTTPGet.Port.String()+p.HTTPGet.Path)
		case p.TCPSocket != nil:
			parts = append(parts, each.kind+" tcp:"+p.TCPSocket.Port.String())
		case p.GRPC != nil:
			parts = append(parts, each.kind+" grpc:"+strconv.Itoa(int(p.GRPC.Port)))
		case p.Exec != nil:
			parts = append(parts, each.kind+" exec")
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing: no_port")
	}
	line := c.Name + ": " + strings.Join(parts, d.of(", ", ", ", ", ", ", ", "+", ",", "; "))
	line += d.of("", "", "; up to 122s to start, restart after 50-65s", "; no liveness: no_port", ", ", "; nothing else: no_port", "  ")
	line += d.of("", "", "", " | cache: nothing: no_port", " | "+c.Name+": readiness tcp:1", " | ...", "|", " (beta)")
	return line + d.of(" (v0.0.0)", " (v0.0.0)", " (v0.0.0)", " (v0.0.0)", " (v1)", "", " ()", "(v0.0.0)", " (v0.0.0) ")
}
