package promises_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/workload"
	"github.com/probe-injector/probe-injector/test/defaults/kubelet"
)

const (
	policyText = `
apiVersion: probe-injector.dev/v1alpha1
kind: ProbePolicy
spec:
  profiles:
  - name: shop
    class: jvm
    liveness: {handler: /healthz, timeoutSeconds: 10, initialDelaySeconds: 30}
    startup: {handler: /started}
    readiness: {handler: /ready}
  - name: store
    class: database
    startupBudget: 15m
    liveness: {exec: {command: [check]}, timeoutSeconds: 30, terminationGracePeriodSeconds: 5}
    readiness: {exec: {command: [check, -r]}}
  - name: quick
    class: fast
    restartAfter: 20s
    liveness: {handler: /healthz, periodSeconds: 5}
`
	domain    = "probe-injector.dev/"
	usualPods = 4000
	// leastBudget is the shortest budget of a class, in seconds.
	leastBudget = 300
)

func pods(t *testing.T) int {
	t.Helper()
	wanted := os.Getenv("PROMISES")
	if wanted == "" {
		return usualPods
	}
	n, err := strconv.Atoi(wanted)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func engines(t *testing.T) []*policy.Policy {
	t.Helper()
	var all []*policy.Policy
	for _, more := range []string{"", "  style: InitialDelay\n"} {
		engine, err := policy.Parse([]byte(policyText+more), "v0.0.0")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, engine)
	}
	return all
}

// drawn is a container that the engine has added probes to.
type drawn struct {
	keys map[string]string
	// own are the probes of ours, all those that the container has now, ours among them.
	own, all probe.Map[*corev1.Probe]
	// said is what the engine says of its probes.
	said map[probe.Kind]policy.Guarantee
	line map[probe.Kind]*policy.Injection
}

// forDrawn decides about random Pods and visits those to which a probe that kills was added, or any at all.
func forDrawn(t *testing.T, seed uint64, visit func(t *testing.T, r *rand.Rand, d *drawn)) {
	t.Helper()
	all, r, visited := engines(t), rand.New(rand.NewPCG(seed, 1)), 0
	for i := range pods(t) {
		pod := randomPod(r)
		decided := all[i%len(all)].Decide(policy.Subject{Pod: pod})
		if len(decided.Injections) == 0 {
			continue
		}
		visited++
		d := &drawn{keys: pod.Metadata.Annotations, said: map[probe.Kind]policy.Guarantee{}, line: map[probe.Kind]*policy.Injection{}}
		for j := range decided.Injections {
			in := &decided.Injections[j]
			d.own.Set(in.Kind, in.Probe)
			d.said[in.Kind], d.line[in.Kind] = in.Guarantee(), in
		}
		container := &patch.Apply(pod, &decided).Spec.Containers[0]
		for _, kind := range probe.Kinds() {
			if p := container.Probe(kind); p != nil {
				d.all.Set(kind, p)
			}
		}
		visit(t, r, d)
		if t.Failed() {
			t.Logf("keys %v\nhas  %s\nours %s", d.keys, spell(&d.all), spell(&d.own))
			return
		}
	}
	if visited < pods(t)/3 {
		t.Errorf("only %d of %d Pods got a probe: the property is hardly tested", visited, pods(t))
	}
}

func spell(probes *probe.Map[*corev1.Probe]) string {
	text := ""
	for _, kind := range probe.Kinds() {
		if p, ok := probes.Get(kind); ok {
			text += string(kind) + " " + probe.HandlerOf(p).String() + " " + strconv.Itoa(int(p.InitialDelaySeconds)) + "/" +
				strconv.Itoa(int(p.PeriodSeconds)) + "/" + strconv.Itoa(int(p.TimeoutSeconds)) + "/" + strconv.Itoa(int(p.FailureThreshold)) + " "
		}
	}
	return text
}

func oneOf[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

func randomPod(r *rand.Rand) *workload.Pod {
	c := workload.Container{
		Name: "web", Image: oneOf(r, "example.com/shop/web:1", "docker.io/library/nginx:1.27", "grafana/grafana:11.0.0"),
		Ports: []workload.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
	}
	if r.IntN(3) == 0 {
		c.Resources.Limits.CPU = "250m"
	}
	c.StartupProbe, c.LivenessProbe, c.ReadinessProbe = existing(r), existing(r), existing(r)
	return &workload.Pod{
		Metadata: &workload.ObjectMeta{Annotations: randomKeys(r)},
		Spec:     workload.PodSpec{Containers: []workload.Container{c}, RestartPolicy: corev1.RestartPolicyAlways},
	}
}

// existing is a probe of somebody else, of any shape, or none.
func existing(r *rand.Rand) *corev1.Probe {
	if r.IntN(2) == 0 {
		return nil
	}
	get := func(port intstr.IntOrString, path string) corev1.ProbeHandler {
		return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: port, Scheme: corev1.URISchemeHTTP}}
	}
	number := intstr.FromInt32(8080)
	p := &corev1.Probe{
		ProbeHandler: oneOf(r,
			get(number, "/healthz"), get(number, "/healthz"), get(intstr.FromString("http"), "/healthz"), get(number, "/other"),
			corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: number}},
			corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}},
			corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"check"}}},
			corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 8080, Service: new(string)}}),
		InitialDelaySeconds: oneOf(r, 0, 0, r.Int32N(60), r.Int32N(600)), PeriodSeconds: 1 + r.Int32N(30),
		TimeoutSeconds: oneOf(r, 1, 1+r.Int32N(40)), SuccessThreshold: 1, FailureThreshold: oneOf(r, 1, 3, 1+r.Int32N(60)),
	}
	if r.IntN(4) == 0 {
		p.TerminationGracePeriodSeconds = new(int64(1 + r.IntN(100)))
	}
	return p
}

// randomKeys are keys within their bounds, one to four of them beside one that asks.
func randomKeys(r *rand.Rand) map[string]string {
	keys := map[string]string{}
	switch r.IntN(5) {
	case 0:
		keys["inject"] = "true"
	case 1:
		keys["profile"] = oneOf(r, "shop", "store", "quick", "http", "tcp")
	case 2:
		keys["liveness"] = oneOf(r, "http:8080/healthz", "tcp:8080", "grpc:8080", "true")
	case 3:
		keys["startup"] = oneOf(r, "true", "http:8080/healthz", "tcp:8080")
	default:
		keys["liveness"], keys["startup"] = "http:8080/healthz", oneOf(r, "true", "false", "http:8080/started", "tcp:8080")
	}
	more := []struct{ key, value string }{
		{"startup-budget", seconds(r, 30, 1200)}, {"restart-after", seconds(r, 20, 900)}, {"unready-after", seconds(r, 13, 120)},
		{"liveness.timeoutSeconds", seconds(r, 1, 60)}, {"liveness.periodSeconds", seconds(r, 5, 60)},
		{"liveness.failureThreshold", seconds(r, 3, 20)}, {"startup.timeoutSeconds", seconds(r, 1, 60)},
		{"startup.periodSeconds", seconds(r, 1, 60)}, {"startup.failureThreshold", seconds(r, 2, 100)},
		{"startup.initialDelaySeconds", seconds(r, 0, 100)}, {"liveness.initialDelaySeconds", seconds(r, 1, 600)},
		{"liveness.terminationGracePeriodSeconds", seconds(r, 1, 60)}, {"readiness.successThreshold", seconds(r, 1, 3)},
		{"readiness.initialDelaySeconds", seconds(r, 0, 60)}, {"readiness.timeoutSeconds", seconds(r, 1, 30)},
	}
	for range r.IntN(4) {
		each := more[r.IntN(len(more))]
		keys[each.key] = each.value
	}
	out := map[string]string{}
	for key, value := range keys {
		out[domain+key] = value
	}
	return out
}

func seconds(r *rand.Rand, low, high int) string { return strconv.Itoa(low + r.IntN(high-low+1)) }

// subject is the probe that says what being healthy is: liveness, or without one the startup probe.
func (d *drawn) subject() *corev1.Probe {
	if live, ok := d.all.Get(probe.Liveness); ok {
		return live
	}
	start, _ := d.all.Get(probe.Startup)
	return start
}

// model is what the kubelet sees. What somebody else's probe asks, where it is not what liveness asks, may answer well at
// any time.
func (d *drawn) model(passes bool) kubelet.Probes {
	var out kubelet.Probes
	for kind, slot := range map[probe.Kind]**kubelet.Probe{
		probe.Startup: &out.Startup, probe.Liveness: &out.Liveness, probe.Readiness: &out.Readiness,
	} {
		p, ok := d.all.Get(kind)
		if !ok {
			continue
		}
		handler := kubelet.Request
		switch {
		case p.TCPSocket != nil:
			handler = kubelet.Connect
		case p.Exec != nil && p.Exec.Command[0] == "true", passes && !d.own.Has(kind) && !same(p, d.subject()):
			handler = kubelet.AlwaysSucceeds
		}
		*slot = &kubelet.Probe{
			Handler: handler, InitialDelaySeconds: p.InitialDelaySeconds, PeriodSeconds: p.PeriodSeconds, TimeoutSeconds: p.TimeoutSeconds,
			SuccessThreshold: p.SuccessThreshold, FailureThreshold: p.FailureThreshold,
		}
	}
	return out
}

// same reports whether two probes ask the same; the container has one port, which is named http.
func same(a, b *corev1.Probe) bool {
	first, second := probe.HandlerOf(a), probe.HandlerOf(b)
	for _, h := range []*probe.Handler{&first, &second} {
		if h.Port.Name == "http" {
			h.Port = probe.Port{Number: 8080}
		}
	}
	return first.String() == second.String() && (first.Scheme != probe.Exec || first.Command[0] == second.Command[0])
}

func randomTimes(r *rand.Rand) kubelet.Times {
	return kubelet.Times{
		Workers: between(r, 0, time.Second), Start: time.Second + between(r, 0, 61*time.Second),
		Notice: 50*time.Millisecond + between(r, 0, 950*time.Millisecond), Resync: 60*time.Second + between(r, 0, 30*time.Second),
	}
}

func between(r *rand.Rand, low, high time.Duration) time.Duration {
	if high <= low {
		return low
	}
	return low + time.Duration(r.Int64N(int64(high-low)))
}

func inSeconds(n int32) time.Duration { return time.Duration(n) * time.Second }
