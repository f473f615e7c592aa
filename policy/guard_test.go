package policy_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/probe"
	"github.com/probe-injector/probe-injector/policy/reason"
	"github.com/probe-injector/probe-injector/policy/workload"
)

const our = "probe-injector.dev/"

// httpGet is a probe that asks a path of a port, with the numbers of the API server's defaults.
func httpGet(port intstr.IntOrString, path string, change ...func(*corev1.Probe)) *corev1.Probe {
	p := &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: port, Scheme: corev1.URISchemeHTTP}},
		PeriodSeconds: 10, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3,
	}
	for _, each := range change {
		each(p)
	}
	return p
}

func with(startup, liveness *corev1.Probe) func(*workload.Container) {
	return func(c *workload.Container) { c.StartupProbe, c.LivenessProbe = startup, liveness }
}

func TestAStartupProbeThatExistsIsAGuardOnlyWhereItAsksWhatLivenessAsks(t *testing.T) {
	number, name := intstr.FromInt32(8080), intstr.FromString("http")
	patient := func(p *corev1.Probe) { p.FailureThreshold = 30 }
	rows := map[string]struct {
		startup *corev1.Probe
		delay   int32
		status  string
	}{
		"the same":                     {httpGet(number, "/healthz", patient), 5, "up to 290s to start"},
		"the same by the port's name":  {httpGet(name, "/healthz", patient), 5, "up to 290s to start"},
		"another path":                 {httpGet(number, "/started", patient), 281, "up to 290s to start"},
		"another port":                 {httpGet(intstr.FromInt32(9090), "/healthz"), 281, "up to 20s to start"},
		"a name that is not there":     {httpGet(intstr.FromString("nosuch"), "/healthz"), 281, "up to 20s to start"},
		"another host":                 {httpGet(number, "/healthz", func(p *corev1.Probe) { p.HTTPGet.Host = "example.com" }), 281, "up to 20s to start"},
		"another header":               {httpGet(number, "/healthz", func(p *corev1.Probe) { p.HTTPGet.HTTPHeaders = []corev1.HTTPHeader{{Name: "Host", Value: "x"}} }), 281, "up to 20s to start"},
		"a command that always passes": {&corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}, PeriodSeconds: 1, FailureThreshold: 1000}, 281, "up to 330s to start"},
	}
	engine := mustParse(t, adminPolicy)
	for what, row := range rows {
		t.Run(what, func(t *testing.T) {
			pod := podWith(map[string]string{our + "liveness": "http:8080/healthz"}, web(with(row.startup, nil)))
			d := engine.Decide(policy.Subject{Pod: pod})
			if len(d.Injections) != 1 || d.Injections[0].Probe.InitialDelaySeconds != row.delay {
				t.Fatalf("got %v, want liveness that waits %d s", injected(d), row.delay)
			}
			if !strings.Contains(d.Status, row.status) {
				t.Errorf("status %q, want %q in it", d.Status, row.status)
			}
			said := strings.Contains(strings.Join(d.Warnings, "\n"), "waits 281 s after each start, because startupProbe asks something else")
			if said != (row.delay > 5) {
				t.Errorf("warnings %q", d.Warnings)
			}
		})
	}
}

func TestAStartupProbeForALivenessProbeThatExistsAsksTheSame(t *testing.T) {
	number := intstr.FromInt32(8080)
	service := "shop"
	rows := map[string]struct {
		liveness *corev1.Probe
		want     corev1.ProbeHandler
		reason   reason.Reason
	}{
		"a path, by the number of its port": {
			httpGet(intstr.FromString("http"), "/l", func(p *corev1.Probe) { p.HTTPGet.HTTPHeaders = []corev1.HTTPHeader{{Name: "Host", Value: "x"}} }),
			corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/l", Port: number, Scheme: corev1.URISchemeHTTP, HTTPHeaders: []corev1.HTTPHeader{{Name: "Host", Value: "x"}}}}, "",
		},
		"a command": {
			&corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"check", "-q"}}}, PeriodSeconds: 10, TimeoutSeconds: 20},
			corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"check", "-q"}}}, "",
		},
		"gRPC": {
			&corev1.Probe{ProbeHandler: corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 8080, Service: &service}}, PeriodSeconds: 10, TimeoutSeconds: 1},
			corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 8080, Service: &service}}, "",
		},
		"a host is not copied":               {httpGet(number, "/l", func(p *corev1.Probe) { p.HTTPGet.Host = "example.com" }), corev1.ProbeHandler{}, reason.LivenessNotCopied},
		"an unknown port name is not copied": {httpGet(intstr.FromString("nosuch"), "/l"), corev1.ProbeHandler{}, reason.LivenessNotCopied},
	}
	engine := mustParse(t, adminPolicy)
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			pod := podWith(map[string]string{our + "startup": "true", our + "startup-budget": "10m"}, web(with(nil, row.liveness)))
			d := engine.Decide(policy.Subject{Pod: pod})
			if got := reasonOf(d, probe.Startup); got != row.reason {
				t.Fatalf("reason %q, want %q", got, row.reason)
			}
			if row.reason != "" {
				return
			}
			made := d.Injections[0].Probe
			if !equality.Semantic.DeepEqual(made.ProbeHandler, row.want) {
				t.Errorf("asks %+v, want %+v", made.ProbeHandler, row.want)
			}
			if made.TimeoutSeconds < row.liveness.TimeoutSeconds {
				t.Errorf("timeout %d s, liveness has %d s", made.TimeoutSeconds, row.liveness.TimeoutSeconds)
			}
		})
	}
}

func TestKeysAboutTimeAloneSayWhatReallyHelps(t *testing.T) {
	live := httpGet(intstr.FromInt32(8080), "/l")
	rows := map[string]struct {
		container workload.Container
		key       string
		want      string
	}{
		"no probes":                {web(), our + "startup-budget", `add probe-injector.dev/inject: "true"`},
		"a budget beside liveness": {web(with(nil, live)), our + "startup-budget", `add probe-injector.dev/startup: "true"`},
		"a budget beside liveness, for one container": {web(with(nil, live)), "web." + our + "startup-budget", `add web.probe-injector.dev/startup: "true"`},
		"a field beside liveness":                     {web(with(nil, live)), our + "startup.failureThreshold", `add probe-injector.dev/startup: "true"`},
		"readiness beside liveness":                   {web(with(nil, live)), our + "unready-after", `add probe-injector.dev/inject: "true"`},
	}
	engine := mustParse(t, adminPolicy)
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			annotations := map[string]string{row.key: "60"}
			d := engine.Decide(policy.Subject{Pod: podWith(annotations, row.container)})
			if len(d.Warnings) == 0 || !strings.HasSuffix(d.Warnings[0], row.want) {
				t.Fatalf("warnings %q, want %q", d.Warnings, row.want)
			}
			key, value, _ := strings.Cut(strings.TrimPrefix(row.want, "add "), ": ")
			annotations[key] = strings.Trim(value, `"`)
			if d = engine.Decide(policy.Subject{Pod: podWith(annotations, row.container)}); len(d.Injections) == 0 {
				t.Errorf("with what is said to help: %+v", d.Skips)
			}
		})
	}
	d := engine.Decide(policy.Subject{Pod: podWith(map[string]string{our + "startup-budget": "60"}, web(with(live, live)))})
	if got := reasonOf(d, probe.Startup); got != reason.ExistingProbe {
		t.Errorf("where startup and liveness exist: %q", got)
	}
}

func TestNobodyGetsAStartupProbeThatNobodyNamed(t *testing.T) {
	written := mustParse(t, adminPolicy+"  inferredLiveness: false\n")
	d := written.Decide(policy.Subject{Pod: podWith(map[string]string{our + "inject": "true", our + "startup": "true"}, web())})
	if handlerOf(d, probe.Startup) != "" || handlerOf(d, probe.Readiness) == "" {
		t.Errorf("where the policy infers no liveness: %v", injected(d))
	}

	always := corev1.ContainerRestartPolicyAlways
	sidecar := web(func(c *workload.Container) { c.Name, c.RestartPolicy = "proxy", &always })
	pod := podWith(map[string]string{"proxy." + our + "startup": "true", "proxy." + our + "liveness": "tcp:8080"}, workload.Container{Name: "app"})
	pod.Spec.InitContainers = []workload.Container{sidecar}
	d = mustParse(t, adminPolicy).Decide(policy.Subject{Pod: pod})
	if handlerOf(d, probe.Startup) != "" || handlerOf(d, probe.Liveness) == "" || reasonOf(d, probe.Startup) != reason.NativeSidecar {
		t.Errorf("in a native sidecar: %v, %+v", injected(d), d.Skips)
	}
}

// etcd's profile has a timeout of 15 s: a shorter period of a person shortens it.
func TestAProfilesFiguresGiveWayToAPersons(t *testing.T) {
	etcd := workload.Container{Name: "etcd", Image: "quay.io/coreos/etcd:v3.5.15", Ports: []workload.ContainerPort{{Name: "client", ContainerPort: 2379}}}
	d := mustParse(t, adminPolicy).Decide(policy.Subject{Pod: podWith(map[string]string{
		our + "profile": "etcd", our + "liveness": "true", our + "liveness.periodSeconds": "10",
	}, etcd)})
	if len(d.Errors) > 0 || handlerOf(d, probe.Liveness) == "" {
		t.Fatalf("errors %v, injected %v", d.Errors, injected(d))
	}
	for _, in := range d.Injections {
		if in.Kind.Kills() && in.Probe.TimeoutSeconds != 10 {
			t.Errorf("%s: timeout %d s, want 10", in.Kind, in.Probe.TimeoutSeconds)
		}
	}
}

func TestAnIncludedStartupProbeInheritsTheGracePeriod(t *testing.T) {
	d := mustParse(t, adminPolicy).Decide(policy.Subject{Pod: podWith(map[string]string{
		our + "liveness": "/l", our + "liveness.terminationGracePeriodSeconds": "7",
	}, web())})
	for _, in := range d.Injections {
		if grace := in.Probe.TerminationGracePeriodSeconds; grace == nil || *grace != 7 {
			t.Errorf("%s: grace %v, want 7", in.Kind, grace)
		}
	}
}
