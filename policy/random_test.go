package policy_test

import (
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"

	"github.com/probe-injector/probe-injector/policy/workload"
)

// randomPod draws a Pod from everything that decisions depend on, mistakes included.
func randomPod(r *rand.Rand) *workload.Pod {
	names := []string{"web", "admin", "cache", "istio-proxy"}
	pod := &workload.Pod{Metadata: &workload.ObjectMeta{Annotations: map[string]string{}}}
	for i := range 1 + r.IntN(3) {
		pod.Spec.Containers = append(pod.Spec.Containers, randomContainer(r, names[i]))
	}
	if r.IntN(3) == 0 {
		c := randomContainer(r, "proxy")
		c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		pod.Spec.InitContainers = append(pod.Spec.InitContainers, workload.Container{Name: "setup"}, c)
	}
	pod.Spec.HostNetwork = r.IntN(10) == 0
	pod.Spec.RestartPolicy = oneOf(r, corev1.RestartPolicyAlways, corev1.RestartPolicyAlways, corev1.RestartPolicyAlways, "", corev1.RestartPolicyNever)
	if r.IntN(3) > 0 {
		pod.Metadata.OwnerReferences = owned(oneOf(r, "ReplicaSet", "ReplicaSet", "StatefulSet"), "apps/v1")
	}
	if r.IntN(4) > 0 {
		randomAnnotations(r, pod.Metadata.Annotations)
	}
	if r.IntN(8) == 0 {
		pod.Metadata.Annotations["kubectl.kubernetes.io/default-container"] = oneOf(r, "web", "web", "admin", "proxy", "setup", "nobody")
	}
	if r.IntN(10) == 0 {
		pod.Metadata.Annotations["probe-injector.dev/status"] = oneOf(r, "hello", "web: readiness tcp:8080 (v0)", "web: nothing: no_port (v0)", "x (y)")
	}
	return pod
}

func randomContainer(r *rand.Rand, name string) workload.Container {
	c := workload.Container{Name: name, Image: "registry.example/" + oneOf(r, name, name, name, "kube-rbac-proxy", "shop-exporter", "envoy")}
	for range r.IntN(4) {
		c.Ports = append(c.Ports, workload.ContainerPort{
			Name:          oneOf(r, "", "http", "https", "grpc", "metrics", "web-ui", "http-metrics", "healthz", "http-probes", "admin", "peer", "shop"),
			ContainerPort: oneOf(r, int32(80), 8080, 9090, 3306),
			Protocol:      oneOf(r, "", corev1.ProtocolTCP, corev1.ProtocolUDP),
		})
	}
	existing := func() *corev1.Probe {
		if r.IntN(5) > 0 {
			return nil
		}
		return &corev1.Probe{PeriodSeconds: 10, FailureThreshold: r.Int32N(20) + 1, TimeoutSeconds: 1, SuccessThreshold: 1}
	}
	c.LivenessProbe, c.ReadinessProbe, c.StartupProbe = existing(), existing(), existing()
	if r.IntN(4) == 0 {
		c.Resources.Limits.CPU = oneOf(r, "100m", "1", "2.5", "-1", "x")
	}
	c.TTY = r.IntN(20) == 0
	return c
}

func randomAnnotations(r *rand.Rand, annotations map[string]string) {
	keys := []string{
		"inject", "liveness", "readiness", "startup", "profile", "startup-budget", "restart-after", "unready-after", "host-header",
		"liveness.periodSeconds", "liveness.failureThreshold", "readiness.timeoutSeconds", "startup.initialDelaySeconds",
		"readiness.failureThreshold", "liveness.terminationGracePeriodSeconds", "startup.failureThreshold", "livenes",
	}
	values := []string{
		"true", "true", "false", "/healthz", "/r,x;y?a=|b", "http:8080/x", "http:http/x", "https:9090/y", "tcp:80", "tcp:5432",
		"grpc:9090", "grpc:9090/svc", "8080", "60s", "5m", "20", "13s", "3", "6", "40", "shop", "store", "shop.example.com", "",
	}
	if r.IntN(3) > 0 {
		rightAnnotations(r, annotations)
		return
	}
	for range 1 + r.IntN(5) {
		prefix := oneOf(r, "", "", "", "web.", "admin.", "proxy.", "nosuch.")
		annotations[prefix+"probe-injector.dev/"+oneOf(r, keys...)] = oneOf(r, values...)
	}
}

// rightAnnotations draws what a careful person writes.
func rightAnnotations(r *rand.Rand, annotations map[string]string) {
	container := oneOf(r, "", "web.")
	handler := func() string {
		return oneOf(r, "true", "/healthz", "/a,b;c|d", "http:8080/x", "https:8443/y", "tcp:80", "grpc:9091", "grpc:9091/svc")
	}
	for _, each := range []struct {
		key   string
		value string
	}{
		{"inject", "true"}, {"liveness", handler()}, {"readiness", handler()}, {"startup", oneOf(r, handler(), "false")},
		{"profile", oneOf(r, "shop", "store")}, {"startup-budget", "5m"}, {"restart-after", oneOf(r, "20s", "2m")},
		{"unready-after", oneOf(r, "25", "1m")}, {"readiness.failureThreshold", "4"}, {"host-header", "shop.example.com"},
	} {
		if r.IntN(3) == 0 {
			annotations[container+"probe-injector.dev/"+each.key] = each.value
		}
	}
}

func oneOf[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }
