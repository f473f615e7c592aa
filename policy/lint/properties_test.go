package lint_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/lint"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/timing"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// checkTwice applies the table and fails on findings that break a promise of the package.
func checkTwice(t *testing.T, pod *workload.Pod, c *lint.Container) []lint.Finding {
	t.Helper()
	first, second := lint.New(lint.Info).Check(pod, c), lint.New(lint.Info).Check(pod, c)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Fatalf("two checks differ:\n%s", diff)
	}
	kinds := probe.Kinds()
	order := func(a, b lint.Finding) int {
		if a.Rule != b.Rule {
			return strings.Compare(string(a.Rule), string(b.Rule))
		}
		return slices.Index(kinds[:], a.Kind) - slices.Index(kinds[:], b.Kind)
	}
	if !slices.IsSortedFunc(first, order) {
		t.Fatalf("not in order: %+v", first)
	}
	for _, f := range first {
		if n := utf8.RuneCountInString(f.Message); n == 0 || n > lint.MaxMessageLength {
			t.Fatalf("%s: %d characters: %s", f.Rule, n, f.Message)
		}
		if strings.ContainsFunc(f.Message, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("%s: not printable: %q", f.Rule, f.Message)
		}
	}
	return first
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomText draws what people and fuzzers write into names, paths and commands.
func randomText(r *rand.Rand) string {
	return pick(r, "", "/", "/healthz", "/ready?x=1", "http", "8080", "-1", "a\r\nb", "$(", "`", "'", `\`, "|| true", "; exit 0",
		"sh", "-c", "timeout", "-t", "-k", "env", "A=b", "curl -m 5 x | y", "busybox", "\xff\xfe", "{x}", "%d", "é",
		strings.Repeat("ä/", 3000), strings.Repeat("a && ", 500))
}

func randomPort(r *rand.Rand) intstr.IntOrString {
	if r.IntN(2) == 0 {
		return intstr.FromString(randomText(r))
	}
	return intstr.FromInt32(pick[int32](r, 0, 1, 80, 8080, 65535, 65536, -1, 2147483647))
}

func randomProbe(r *rand.Rand) *corev1.Probe {
	number := func() int32 { return pick[int32](r, 0, 0, 1, 2, 3, 10, 60, 600, -1, 2147483647, -2147483648) }
	p := &corev1.Probe{
		InitialDelaySeconds: number(), TimeoutSeconds: number(), PeriodSeconds: number(),
		SuccessThreshold: number(), FailureThreshold: number(),
	}
	if r.IntN(4) == 0 {
		grace := int64(number())
		p.TerminationGracePeriodSeconds = &grace
	}
	if r.IntN(2) == 0 {
		p.HTTPGet = &corev1.HTTPGetAction{Path: randomText(r), Port: randomPort(r), Host: randomText(r)}
		p.HTTPGet.HTTPHeaders = []corev1.HTTPHeader{{Name: randomText(r), Value: randomText(r)}}
	}
	if r.IntN(4) == 0 {
		p.TCPSocket = &corev1.TCPSocketAction{Port: randomPort(r)}
	}
	if r.IntN(4) == 0 {
		p.GRPC = &corev1.GRPCAction{Port: number()}
	}
	if r.IntN(2) == 0 {
		p.Exec = &corev1.ExecAction{}
		for range r.IntN(5) {
			p.Exec.Command = append(p.Exec.Command, randomText(r))
		}
	}
	return p
}

func TestAnyProbeIsJudgedWithoutPanicAndInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[lint.ID]bool{}
	for range 20_000 {
		pod := ownedBy(pick(r, "", "Job", "ReplicaSet"))
		pod.Spec.HostNetwork, pod.Spec.RestartPolicy = r.IntN(2) == 0, pick(r, "", corev1.RestartPolicyNever, corev1.RestartPolicyAlways)
		if r.IntN(4) == 0 {
			pod.Spec.OS = &workload.PodOS{Name: corev1.Windows}
		}
		withMesh(pod, pick(r, workload.NoMesh, workload.Istio, workload.Linkerd))
		c := &lint.Container{
			Container:     &workload.Container{Image: randomText(r)},
			Type:          pick(r, lint.Regular, lint.Regular, lint.NativeSidecar, lint.Init, lint.Ephemeral),
			StartupBudget: pick[int32](r, 0, 30, 3600, 2147483647),
		}
		for range r.IntN(3) {
			c.Ports = append(c.Ports, workload.ContainerPort{Name: randomText(r), ContainerPort: randomPort(r).IntVal, Protocol: pick(r, "", corev1.ProtocolUDP)})
		}
		for _, kind := range probe.Kinds() {
			if r.IntN(3) > 0 {
				c.Probes.Set(kind, randomProbe(r))
			}
		}
		for _, f := range checkTwice(t, pod, c) {
			seen[f.Rule] = true
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d rules were reached: the property is hardly tested", len(seen))
	}
}

// FuzzCheck gives any command, path, port name and image to the rules that take them apart.
func FuzzCheck(f *testing.F) {
	for _, own := range readCases(f) {
		for _, c := range append(own.Found, own.Missed...) {
			if p := c.Container.LivenessProbe; p != nil && p.Exec != nil {
				f.Add(strings.Join(p.Exec.Command, "\x00"), "/", "http", c.Container.Image)
			}
		}
	}
	f.Add("sh\x00-c\x00(a; b) && \"c | d\" # 'e", "/a?b=c", "8080", "registry.example:5000/static@sha256:0")
	f.Fuzz(func(t *testing.T, command, path, port, image string) {
		c := &lint.Container{Container: &workload.Container{Image: image, Ports: []workload.ContainerPort{{Name: "http", ContainerPort: 80}}}}
		for _, kind := range probe.Kinds() {
			exec := &corev1.ExecAction{Command: strings.Split(command, "\x00")}
			c.Probes.Set(kind, &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: exec}})
		}
		pod := &workload.Pod{}
		if len(path)%2 == 1 {
			pod.Spec.OS = &workload.PodOS{Name: corev1.Windows}
		}
		checkTwice(t, pod, c)
		for _, kind := range probe.Kinds() {
			get := &corev1.HTTPGetAction{Path: path, Port: intstr.FromString(port)}
			get.HTTPHeaders = []corev1.HTTPHeader{{Name: port, Value: path}}
			c.Probes.Set(kind, &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: get}})
		}
		checkTwice(t, &workload.Pod{Spec: workload.PodSpec{HostNetwork: true}}, c)
	})
}

// asked is a handler in the final form, by its scheme. Commands are those of an application: what a profile of an
// admin runs is the admin's.
func asked(scheme probe.Scheme, path string) corev1.ProbeHandler {
	switch scheme {
	case probe.TCP:
		return corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}
	case probe.GRPC:
		return corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 8080}}
	case probe.Exec:
		return corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/app/check", path}}}
	default:
		get := &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(8080), Scheme: corev1.URISchemeHTTP}
		if scheme == probe.HTTPS {
			get.Scheme = corev1.URISchemeHTTPS
		}
		return corev1.ProbeHandler{HTTPGet: get}
	}
}

func timed(t timing.Timing, h corev1.ProbeHandler) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: h, InitialDelaySeconds: t.InitialDelaySeconds, TimeoutSeconds: t.TimeoutSeconds,
		PeriodSeconds: t.PeriodSeconds, SuccessThreshold: t.SuccessThreshold, FailureThreshold: t.FailureThreshold,
	}
}

// whatIsDerived calls back with a container for every class, style and scheme, with two ways to choose paths.
func whatIsDerived(t *testing.T, judge func(name string, c *lint.Container)) {
	for _, class := range timing.Classes() {
		for _, style := range []timing.Style{timing.StyleStartupProbe, timing.StyleInitialDelay} {
			for _, scheme := range []probe.Scheme{probe.HTTP, probe.HTTPS, probe.TCP, probe.GRPC, probe.Exec} {
				for readiness, name := range map[string]string{"/livez": "one handler for all", "/readyz": "a handler for readiness"} {
					plan := timing.Plan{Inject: true, Exec: scheme == probe.Exec}
					in := timing.Inputs{Class: class, Style: style, MaxStartupBudget: 3600, Liveness: plan, Readiness: plan}
					if style == timing.StyleStartupProbe {
						in.Startup = plan
					}
					schedule, clashes := timing.Derive(in)
					if len(clashes) > 0 {
						t.Fatalf("%s %s: %v", class.Name, style, clashes)
					}
					c := &lint.Container{
						Container:     &workload.Container{Name: "web", Ports: []workload.ContainerPort{{ContainerPort: 8080}}},
						StartupBudget: class.StartupBudget,
					}
					if in.Startup.Inject {
						c.Probes.Set(probe.Startup, timed(schedule.Startup, asked(scheme, "/livez")))
					}
					c.Probes.Set(probe.Liveness, timed(schedule.Liveness, asked(scheme, "/livez")))
					c.Probes.Set(probe.Readiness, timed(schedule.Readiness, asked(scheme, readiness)))
					judge(strings.Join([]string{class.Name, string(style), string(scheme), name}, ", "), c)
				}
			}
		}
	}
}

func TestWhatTimingDerivesHasNeitherErrorsNorWarnings(t *testing.T) {
	judged := 0
	whatIsDerived(t, func(name string, c *lint.Container) {
		judged++
		findings := checkTwice(t, ownedBy("ReplicaSet"), c)
		for _, f := range findings {
			if f.Severity != lint.Info {
				t.Errorf("%s: %s %s: %s", name, f.Rule, f.Kind, f.Message)
			}
		}
		live, _ := c.Probes.Get(probe.Liveness)
		if bare := live.TCPSocket != nil; bare != (len(of("PS023", findings)) > 0) {
			t.Errorf("%s: PS023 is found: %v", name, !bare)
		}
	})
	if want := len(timing.Classes()) * 2 * 5 * 2; judged != want {
		t.Errorf("%d containers were judged, want %d", judged, want)
	}
}

// The rules would notice if what is derived got worse.
func TestADerivedScheduleThatIsTamperedWithIsFound(t *testing.T) {
	whatIsDerived(t, func(name string, c *lint.Container) {
		live, _ := c.Probes.Get(probe.Liveness)
		live.FailureThreshold = 1
		c.Probes.Delete(probe.Startup)
		live.InitialDelaySeconds = 0
		findings := lint.New(lint.Info).Check(&workload.Pod{}, c)
		for _, id := range []lint.ID{"PS012", "PS016", "PS017"} {
			if len(of(id, findings)) != 1 {
				t.Errorf("%s: %s is not found", name, id)
			}
		}
	})
}
