package integration

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/workload"
)

const (
	// randomPodCount is how many random Pods are created, each in two namespaces.
	randomPodCount = 300
	// leastInjected is how many of them must get something, for the property to mean anything.
	leastInjected = 100
)

// randomPods creates Pods with random annotations in namespaces that enforce the Pod Security standard "restricted".
// None is refused that is accepted without us, nothing but our paths differs, and the probes are those that the engine
// decides when it is asked directly.
func (i *installed) randomPods(t *testing.T) {
	const seen, unseen = "restricted", "restricted-killed"
	for name, labels := range map[string]map[string]string{
		seen:   {"pod-security.kubernetes.io/enforce": "restricted"},
		unseen: {"pod-security.kubernetes.io/enforce": "restricted", "probe-injector.dev/inject": "false"},
	} {
		if err := i.CreateNamespace(t.Context(), name, labels); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("Pod Security is enforced", func(t *testing.T) {
		_, err := i.try(t.Context(), seen, manifestOf("{name: lax}", "{containers: ["+web+"]}"))
		if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
			t.Errorf("a Pod that violates it gets: %v", err)
		}
	})
	engine := i.engine(t)
	r := rand.New(rand.NewPCG(36, 3))
	refused, injected := 0, 0
	for range randomPodCount {
		manifest := randomPod(t, r)
		without, err := i.try(t.Context(), unseen, manifest)
		if err != nil {
			t.Fatalf("the API server refuses it without us: %v\n%s", err, manifest)
		}
		with, err := i.try(t.Context(), seen, manifest)
		if err != nil {
			refused++
			t.Errorf("it is refused because of us: %v\n%s", err, manifest)
			continue
		}
		expectOnlyOurs(t, without, with)
		want := slices.Sorted(slices.Values(slices.Concat(decided(t, engine, without.raw), probesOf(&without.pod))))
		got := probesOf(&with.pod)
		if !slices.Equal(got, want) {
			t.Fatalf("it has %q, and the engine decides %q\n%s", got, want, manifest)
		}
		if len(got) > len(probesOf(&without.pod)) {
			injected++
		}
	}
	t.Logf("%d of %d Pods refused, %d with probes of ours", refused, randomPodCount, injected)
	if injected < leastInjected {
		t.Errorf("only %d Pods got anything: the property is hardly tested", injected)
	}
}

// decided lists the probes that the engine adds to a Pod as the API server has completed it, as container/probe.
func decided(t *testing.T, engine *policy.Policy, raw []byte) []string {
	t.Helper()
	var pod workload.Pod
	if err := json.Unmarshal(raw, &pod); err != nil {
		t.Fatal(err)
	}
	var probes []string
	for _, injection := range engine.Decide(policy.Subject{Pod: &pod}).Injections {
		probes = append(probes, injection.Container.Name+"/"+string(injection.Kind))
	}
	return probes
}

// randomPod draws a Pod that the API server accepts, with annotations that a person might write, right or wrong.
func randomPod(t *testing.T, r *rand.Rand) []byte {
	t.Helper()
	pod := corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{GenerateName: "random-", Annotations: randomAnnotations(r)},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: new(false),
			RestartPolicy:                oneOf(r, slices.Insert(slices.Repeat([]corev1.RestartPolicy{corev1.RestartPolicyAlways}, 8), 0, "", corev1.RestartPolicyNever)...),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
		},
	}
	for _, name := range []string{"web", "admin", "cache"}[:1+r.IntN(3)] {
		pod.Spec.Containers = append(pod.Spec.Containers, randomContainer(r, name))
	}
	if r.IntN(3) == 0 {
		sidecar := randomContainer(r, "proxy")
		sidecar.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		setup := corev1.Container{Name: "setup", Image: "example.com/setup:1", SecurityContext: restricted()}
		pod.Spec.InitContainers = []corev1.Container{setup, sidecar}
	}
	encoded, err := json.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// randomContainer draws a container with ports and, at times, probes of its own.
func randomContainer(r *rand.Rand, name string) corev1.Container {
	c := corev1.Container{Name: name, Image: "example.com/" + name + ":1", SecurityContext: restricted()}
	for n, portName := range []string{oneOf(r, "", "http", "grpc"), oneOf(r, "", "metrics")}[:oneOf(r, 0, 1, 1, 2)] {
		c.Ports = append(c.Ports, corev1.ContainerPort{
			Name:          portName,
			ContainerPort: oneOf(r, int32(8080), 9090, 3306, 5432) + int32(n),
			Protocol:      oneOf(r, "", corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP),
		})
	}
	existing := func() *corev1.Probe {
		if r.IntN(5) > 0 {
			return nil
		}
		handler := corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}
		return &corev1.Probe{ProbeHandler: handler, PeriodSeconds: r.Int32N(20), FailureThreshold: r.Int32N(20)}
	}
	c.LivenessProbe, c.ReadinessProbe, c.StartupProbe = existing(), existing(), existing()
	return c
}

// restricted is the least that the Pod Security standard asks of a container.
func restricted() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}
}

// randomAnnotations draws at least one key of ours, in three of four cases such as a careful person writes.
func randomAnnotations(r *rand.Rand) map[string]string {
	if r.IntN(4) > 0 {
		return rightAnnotations(r)
	}
	handlers := []string{
		"true", "true", "false", "/healthz", "http:8080/x", "http:http/x", "https:9090/y?z=%20", "tcp:8080", "tcp:http",
		"grpc:9090", "grpc:9090/shop.Cart", "8080", "udp:53", "http://localhost/", "/a b", "https:8443/ä", "tcp:70000", "",
	}
	times := []string{"30s", "60s", "5m", "20", "13s", "3", "40", "1h", "2h", "-1", "90.5s", "9223372036854775808s"}
	values := map[string][]string{
		"inject": {"true", "true", "true", "yes"}, "liveness": handlers, "readiness": handlers, "startup": handlers,
		"profile": {"store", "store", "nosuch"}, "startup-budget": times, "restart-after": times, "unready-after": times,
		"host-header":            {"shop.example.com", "https://shop", "a\r\nb", "shop:8080"},
		"liveness.periodSeconds": times, "readiness.failureThreshold": times, "startup.initialDelaySeconds": times,
		"liveness.timeoutSeconds": times, "liveness.terminationGracePeriodSeconds": times, "livenes": handlers,
	}
	keys := []string{
		"inject", "inject", "liveness", "liveness", "readiness", "readiness", "startup", "profile", "startup-budget",
		"restart-after", "unready-after", "host-header", "liveness.periodSeconds", "readiness.failureThreshold",
		"startup.initialDelaySeconds", "liveness.timeoutSeconds", "liveness.terminationGracePeriodSeconds", "livenes",
	}
	annotations := map[string]string{}
	for range 1 + r.IntN(4) {
		key := oneOf(r, keys...)
		prefix := oneOf(r, "", "", "", "web.", "web.", "admin.", "proxy.", "setup.", "nosuch.")
		annotations[fmt.Sprintf("%sprobe-injector.dev/%s", prefix, key)] = oneOf(r, values[key]...)
	}
	return annotations
}

// rightAnnotations draws annotations in which nothing is wrong by itself.
func rightAnnotations(r *rand.Rand) map[string]string {
	handler := func() string {
		return oneOf(r, "true", "/healthz", "/a,b;c|d?e=f", "http:8080/x", "https:8443/y", "tcp:8081", "grpc:9191", "grpc:9191/shop.Cart")
	}
	prefix := oneOf(r, "", "web.", "web.")
	annotations := map[string]string{prefix + "probe-injector.dev/" + oneOf(r, "liveness", "readiness"): handler()}
	for _, each := range [][2]string{
		{"inject", "true"}, {"liveness", handler()}, {"readiness", handler()}, {"startup", oneOf(r, handler(), "false")},
		{"profile", "store"}, {"startup-budget", "5m"}, {"restart-after", oneOf(r, "20s", "2m")}, {"unready-after", oneOf(r, "25", "1m")},
		{"readiness.failureThreshold", "4"}, {"host-header", "shop.example.com"},
	} {
		if r.IntN(3) == 0 {
			annotations[prefix+"probe-injector.dev/"+each[0]] = each[1]
		}
	}
	return annotations
}

func oneOf[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }
